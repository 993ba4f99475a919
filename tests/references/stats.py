"""Answers questions about statistics with the reference packages.

Reads JSON lines {"ask": NAME, ...} and writes one JSON line for each: a number, a list of numbers, or null
where the reference has no answer (nan, infinite, an exception that means "undefined").
"""

import json
import math
import sys
import warnings

import krippendorff
import numpy
from scipy import integrate, optimize, special, stats
from sklearn import metrics
from statsmodels.api import OLS
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import fleiss_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (
    confint_proportions_2indep, proportion_confint, proportions_ztest, samplesize_proportions_2indep_onetail,
    test_proportions_2indep,
)

warnings.simplefilter("ignore")


def wilson(q):
    return proportion_confint(q["k"], q["n"], 1 - q["confidence"], "wilson")


def clopper_pearson(q):
    return proportion_confint(q["k"], q["n"], 1 - q["confidence"], "beta")


def no_failure(q):
    return stats.binomtest(0, q["n"], alternative="less").proportion_ci(q["confidence"], "exact").high


def newcombe(q):
    return confint_proportions_2indep(q["a"], q["n"], q["b"], q["m"], "newcomb", "diff", 1 - q["confidence"])


def mcnemar_test(q):
    gained, lost = q["gained"], q["lost"]
    n, least = gained + lost, min(gained, lost)
    exact = mcnemar([[0, gained], [lost, 0]], exact=True).pvalue
    seen = stats.binom.pmf(least, n, 0.5)
    # Neither package has mid-p: by its definition from scipy's binomial distribution.
    mid = 1.0 if n == 0 else (1 - seen / 2 if gained == lost else exact - seen)
    worse = stats.binomtest(gained, n, 0.5, "less").pvalue if n else 1.0
    better = stats.binomtest(gained, n, 0.5, "greater").pvalue if n else 1.0
    return [exact, mid, worse, worse - seen / 2, better, better - seen / 2]


def tango(q):
    """No package has it: the score test with the constrained likelihood maximised numerically."""
    gained, lost, n = q["gained"], q["lost"], q["cases"]
    same = n - gained - lost
    z = stats.norm.ppf(0.5 + q["confidence"] / 2)

    def score(delta):
        # P(gained) = x + delta, P(lost) = x, P(same) = 1 - 2x - delta; the likelihood's slope falls in x.
        low, high = max(0.0, -delta), (1 - delta) / 2

        def slope(x):
            parts = [(gained, x + delta, 1), (lost, x, 1), (same, 1 - 2 * x - delta, -2)]
            return sum(k * sign / p if p > 0 else (math.copysign(math.inf, sign) if k else 0) for k, p, sign in parts)

        span = high - low
        first, last = low + span * 1e-15, high - span * 1e-15
        if span < 1e-12 or slope(first) <= 0:
            x = low
        elif slope(last) >= 0:
            x = high
        else:
            x = optimize.brentq(slope, first, last, xtol=1e-16, rtol=1e-15)
        variance = n * (2 * x + delta * (1 - delta))
        distance = gained - lost - n * delta
        if variance <= 0:
            return math.copysign(1e9, distance) if distance else 0.0
        return distance / math.sqrt(variance)

    estimate = (gained - lost) / n
    ends = []
    for target, end in ((z, -1.0), (-z, 1.0)):
        at_end = score(end) - target
        at_estimate = -target
        if end == estimate or at_end * at_estimate > 0:
            ends.append(end)
        else:
            ends.append(optimize.brentq(lambda d: score(d) - target, min(end, estimate), max(end, estimate), xtol=1e-13))
    return ends


def t_paired(q):
    a, b = q["a"], q["b"]
    found = stats.ttest_rel(a, b)
    interval = found.confidence_interval(q["confidence"])
    return [found.statistic, found.pvalue, interval.low, interval.high]


def sample(q):
    x = numpy.array(q["x"])
    mean, error = x.mean(), stats.sem(x)
    low, high = stats.t.interval(q["confidence"], len(x) - 1, mean, error)
    return [mean, x.std(ddof=1), low, high]


def cluster(q):
    x = numpy.array(q["x"])
    fit = OLS(x, numpy.ones(len(x))).fit(cov_type="cluster", cov_kwds={"groups": numpy.array(q["groups"])}, use_t=True)
    low, high = fit.conf_int(1 - q["confidence"])[0]
    return [fit.params[0], fit.bse[0], fit.pvalues[0], low, high]


def bootstrap(q):
    """scipy's intervals on the replicates that were drawn by us."""
    x = numpy.array(q["x"])

    class Earlier:
        bootstrap_distribution = numpy.array(q["replicates"])

    found = []
    for method in ("percentile", "BCa"):
        interval = stats.bootstrap(
            (x,), numpy.mean, n_resamples=0, confidence_level=q["confidence"], method=method, bootstrap_result=Earlier()
        ).confidence_interval
        found += [interval.low, interval.high]
    return found


def adjusted(q):
    return [list(multipletests(q["p"], method=method)[1]) for method in ("holm", "fdr_bh")]


def kappa(q):
    weights = {"plain": None}.get(q["weights"], q["weights"])
    return metrics.cohen_kappa_score(q["a"], q["b"], weights=weights, labels=list(range(q["classes"])))


def alpha(q):
    data = [[math.nan if value is None else value for value in unit] for unit in q["units"]]
    try:
        return krippendorff.alpha(numpy.array(data).T, level_of_measurement=q["level"])
    except ValueError:
        return None


def classification(q):
    wanted, answered = q["wanted"], q["answered"]
    labels = sorted(set(wanted) | set(answered))
    found = [metrics.f1_score(wanted, answered, average="macro", zero_division=0)]
    for part in metrics.precision_recall_fscore_support(wanted, answered, labels=labels, zero_division=0):
        found += [float(value) for value in part]
    found += [float(count) for row in metrics.confusion_matrix(wanted, answered, labels=labels) for count in row]
    return found


def power(q):
    """Sizes and effects by searching with scipy's normal distribution, not by the formulas' inverses."""
    n, p, rho, psi = q["n"], q["p"], q["rho"], q["psi"]
    z = stats.norm.isf(q["alpha"] / 2)

    def shown(delta, deviation):
        return stats.norm.sf(z - delta / deviation) - q["power"]

    both = [
        optimize.brentq(shown, 1e-9, 5, args=(math.sqrt(2 * p * (1 - p) * (1 - r) / n),), xtol=1e-12) for r in (0, rho)
    ]

    def discordant(delta):
        return stats.norm.cdf((delta * math.sqrt(n) - z * math.sqrt(psi)) / math.sqrt(psi - delta**2)) - q["power"]

    most = psi * (1 - 1e-12)
    both.append(psi if discordant(most) < 0 else optimize.brentq(discordant, 1e-9, most, xtol=1e-12))
    return both


def distributions(q):
    p, a, b = q["p"], q["a"], q["b"]
    return [
        stats.norm.ppf(p), stats.norm.cdf(q["x"]), stats.t.ppf(p, a), stats.t.cdf(q["x"], a),
        stats.beta.ppf(p, a, b), stats.beta.cdf(p, a, b), stats.binom.cdf(q["k"], q["n"], p), stats.binom.pmf(q["k"], q["n"], p),
    ]


def two_proportions(q):
    sides = {"two-sided": "two-sided", "greater": "larger", "less": "smaller"}
    alternative = sides[q["alternative"]]
    if q["pooled"]:
        found = proportions_ztest([q["a"], q["b"]], [q["n"], q["m"]], 0, alternative)
        return list(found)
    found = test_proportions_2indep(
        q["a"], q["n"], q["b"], q["m"], q["null"], "wald", "diff", alternative, correction=False
    )
    return [found.statistic, found.pvalue]


def welch(q):
    found = stats.ttest_ind(q["a"], q["b"], equal_var=False, alternative=q["alternative"])
    both = stats.ttest_ind(q["a"], q["b"], equal_var=False).confidence_interval(q["confidence"])
    return [found.statistic, found.df, found.pvalue, both.low, both.high]


def mann_whitney(q):
    found = stats.mannwhitneyu(q["a"], q["b"], alternative=q["alternative"], method=q["method"])
    return list(found)


def ks(q):
    return list(stats.ks_2samp(q["a"], q["b"], method="exact"))


def fleiss(q):
    return fleiss_kappa(numpy.array(q["counts"]), "fleiss")


def psi(q):
    p, r = (numpy.maximum(numpy.array(q[side]) / numpy.sum(q[side]), q["floor"]) for side in ("expected", "actual"))
    return float(numpy.sum((r - p) * numpy.log(r / p)))


def sizes(q):
    p, other, ratio, alpha, power = q["p"], q["q"], q["ratio"], q["alpha"], q["power"]
    side = "two-sided" if q["alternative"] == "two-sided" else "larger"
    shares = samplesize_proportions_2indep_onetail(
        p - other, other, power, ratio, alpha, alternative=side
    )
    # Units for which the chance of a significant difference in the right direction is the power.
    z = stats.norm.isf(alpha / 2 if side == "two-sided" else alpha)

    def short(n):
        return stats.norm.sf(z - q["difference"] / (q["sd"] * math.sqrt((1 + 1 / ratio) / n))) - power

    means = optimize.brentq(short, 1e-6, 1e9, xtol=1e-9, rtol=1e-14)
    return [shares, means]


def chi_square(q):
    weights, counts = numpy.array(q["weights"]), numpy.array(q["counts"])
    return list(stats.chisquare(counts, weights / weights.sum() * counts.sum()))


def ratio(q):
    """Sequential multinomial test as the ratio of two distributions of scipy, times what they share."""
    weights, counts = numpy.array(q["weights"]), numpy.array(q["counts"])
    shares, n = weights / weights.sum(), int(counts.sum())
    null = stats.multinomial.logpmf(counts, n, shares)
    logs = [stats.dirichlet_multinomial.logpmf(counts, k * shares, n) - null for k in (100, 1000, 10000)]
    return float(special.logsumexp(logs) - math.log(3))


def bets(least, greatest):
    return numpy.geomspace(least, greatest, 20)


def mixture(logs):
    return float(special.logsumexp(logs) - math.log(len(logs)))


def level(q):
    """Each outcome in turn, as the definition says."""
    m, wealth = q["limit"], numpy.ones(20)
    for y in q["y"]:
        if q["bound"] == "at_most":
            wealth = wealth * (1 + bets(0.005, 0.95) / m * (y - m))
        else:
            wealth = wealth * (1 + bets(0.005, 0.95) / (1 - m) * (m - y))
    return wealth.mean()


def comparison(q):
    edge, sign = -q["by"], (-1 if q["claim"] == "not_worse" else 1)
    logs = numpy.zeros(20)
    for arm, y, share in zip(q["arms"], q["y"], q["shares"]):
        def g(arm, y):
            return sign * ((arm / share - (1 - arm) / (1 - share)) * (y - q["centre"]) - edge)

        most = -min(g(a, b) for a in (0, 1) for b in (0, 1))
        if sign < 0:
            fractions = numpy.concatenate([[0.004, 0.008, 0.016], numpy.geomspace(0.04, 0.4, 17)])
        else:
            centre = min(max(q["centre"], 0.02), 0.98)
            best = (q["by"] if q["by"] > 0 else 0.03) * share * (1 - share) / (centre * (1 - centre)) * most
            fractions = bets(min(max(best / 3, 0.01), 0.3), min(max(best * 2, 0.1), 0.9))
        logs += numpy.log1p(fractions * g(arm, y) / most)
    return math.exp(mixture(logs))


def mean_sequence(q):
    """The interval of all means that no side refutes, its ends by scipy."""
    n, total = q["n"], q["sum"]
    need = math.log(2 / q["alpha"])

    def up(m):
        f = bets(0.005, 0.95)
        return mixture(total * numpy.log1p(f * (1 / m - 1)) + (n - total) * numpy.log1p(-f)) - need

    def down(m):
        f = bets(0.005, 0.95)
        return mixture((n - total) * numpy.log1p(f * (1 / (1 - m) - 1)) + total * numpy.log1p(-f)) - need

    mean = total / n
    low = optimize.brentq(up, 1e-12, mean, xtol=1e-14) if total > 0 else 0.0
    high = optimize.brentq(down, mean, 1 - 1e-12, xtol=1e-14) if total < n else 1.0
    return [low, high]


def asymptotic(q):
    """Widths by searching for where the mixture, integrated numerically, reaches its level."""
    n, variance, rho2, alpha = q["n"], q["variance"], q["rho2"], q["alpha"]
    rho = math.sqrt(rho2)

    def martingale(z, start):
        # The peak of the integrand, so that quad sees it.
        total, peak = z * math.sqrt(n), z * math.sqrt(n) / (n + 1 / rho2)
        width = 1 / math.sqrt(n + 1 / rho2)
        top = peak * total - n * peak * peak / 2 - peak * peak / (2 * rho2)

        def part(theta):
            log = theta * total - n * theta * theta / 2 - theta * theta / (2 * rho2) - top
            return math.exp(log) / (rho * math.sqrt(2 * math.pi))

        low, high = max(peak - 12 * width, start), max(peak, 0) + 12 * width
        value = integrate.quad(part, low, high, epsabs=0, epsrel=1e-12, limit=500)[0]
        return math.log(value) + top

    z = q["estimate"] / math.sqrt(variance)
    one_sided = math.log(2) + martingale(z, 0.0)
    two_sided = martingale(z, -math.inf)
    half = optimize.brentq(lambda z: martingale(z, -math.inf) + math.log(alpha), 1e-9, 1e3, xtol=1e-12)
    return [one_sided, two_sided, half * math.sqrt(variance)]


def hedged(q):
    """The definition, one mean after the other."""
    y, alpha, cells = numpy.array(q["y"]), q["alpha"], q["cells"]
    n = numpy.arange(1, len(y) + 1)
    means = (0.5 + numpy.cumsum(y)) / (n + 1)
    variances = (0.25 + numpy.cumsum((y - means) ** 2)) / (n + 1)
    before = numpy.concatenate([[0.25], variances[:-1]])
    bet = numpy.sqrt(2 * math.log(2 / alpha) / (before * n * numpy.log1p(n)))
    low, high = 0.0, 1.0
    grid = numpy.arange(cells + 1) / cells
    with numpy.errstate(divide="ignore"):
        up = numpy.array([numpy.cumsum(numpy.log1p(numpy.minimum(bet, 0.5 / m) * (y - m))) for m in grid])
        down = numpy.array([numpy.cumsum(numpy.log1p(-numpy.minimum(bet, 0.5 / (1 - m)) * (y - m))) for m in grid])
    for t in range(len(y)):
        kept = numpy.nonzero(numpy.maximum(up[:, t], down[:, t]) < math.log(2 / alpha))[0]
        if len(kept):
            low, high = max(low, (kept[0] - 1) / cells), min(high, (kept[-1] + 1) / cells)
    return [low, high]


def plain(value):
    if value is None:
        return None
    if isinstance(value, (list, tuple, numpy.ndarray)):
        return [plain(part) for part in value]
    return float(value) if math.isfinite(value) else None


ANSWERS = {
    "wilson": wilson, "clopper_pearson": clopper_pearson, "no_failure": no_failure, "newcombe": newcombe,
    "mcnemar": mcnemar_test, "tango": tango, "t_paired": t_paired, "sample": sample, "cluster": cluster,
    "bootstrap": bootstrap, "adjusted": adjusted, "kappa": kappa, "alpha": alpha,
    "classification": classification, "power": power, "distributions": distributions,
    "two_proportions": two_proportions, "welch": welch, "mann_whitney": mann_whitney, "ks": ks, "fleiss": fleiss,
    "psi": psi, "sizes": sizes, "chi_square": chi_square, "ratio": ratio, "level": level, "comparison": comparison,
    "mean_sequence": mean_sequence, "asymptotic": asymptotic, "hedged": hedged,
}

for line in sys.stdin:
    question = json.loads(line)
    print(json.dumps(plain(ANSWERS[question["ask"]](question))))
