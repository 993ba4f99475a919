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
from scipy import optimize, stats
from sklearn import metrics
from statsmodels.api import OLS
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

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
}

for line in sys.stdin:
    question = json.loads(line)
    print(json.dumps(plain(ANSWERS[question["ask"]](question))))
