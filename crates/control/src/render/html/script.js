"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const head = read("report"), rows = read("rows"), leftOut = read("left-out");
  const report = head.report, summary = report.summary;
  const byId = (id) => document.getElementById(id);
  const WORST = ["pass", "inconclusive", "fail", "error", "untested"];
  const WORDS = { pass: "passed", fail: "failed", error: "errored", inconclusive: "inconclusive", untested: "untested" };
  const PAGE = 50;

  // Text becomes text and never markup: nothing here parses a string as HTML.
  const put = (node, children) => {
    for (const child of children.flat(Infinity)) {
      if (child === null || child === undefined || child === false) continue;
      node.append(typeof child === "object" ? child : document.createTextNode(String(child)));
    }
    return node;
  };
  const el = (name, attributes, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
    return put(node, children);
  };
  const svg = (name, attributes, ...children) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
    return put(node, children);
  };
  const percent = (share) => (100 * share).toFixed(1) + " %";
  const time = (us) => us < 1e3 ? us + " µs" : us < 1e6 ? (us / 1e3).toFixed(1) + " ms" : (us / 1e6).toFixed(2) + " s";
  const money = (nano) => "$" + (nano / 1e9).toFixed(9).replace(/\.?0+$/, "");
  const plain = (value) => typeof value === "string" ? value : JSON.stringify(value, null, 2);
  const badge = (verdict) => el("span", { class: "badge " + verdict }, WORDS[verdict] || verdict);
  const shorten = (text, most) => text.length > most ? text.slice(0, most) + "…" : text;

  // Rows of one case are one entry.
  const gather = () => {
    const found = new Map();
    for (const row of rows) {
      let entry = found.get(row.case);
      if (!entry) found.set(row.case, entry = { id: row.case, category: row.category, rows: [], passed: 0, worst: "pass", about: null });
      entry.rows.push(row);
      if (row.about) entry.about = row.about;
      if (row.verdict === "pass") entry.passed += 1;
      if (WORST.indexOf(row.verdict) > WORST.indexOf(entry.worst)) entry.worst = row.verdict;
    }
    const order = { fail: 0, error: 1, inconclusive: 2, untested: 3, pass: 4 };
    const all = [...found.values()];
    for (const entry of all) {
      entry.rows.sort((a, b) => a.repeat - b.repeat);
      entry.flaky = entry.passed > 0 && entry.passed < entry.rows.length;
      entry.cached = entry.rows.some((row) => row.cached);
      entry.bad = entry.rows.find((row) => row.verdict !== "pass") || entry.rows[0];
      entry.failing = new Set(entry.rows.flatMap((row) => row.checks.filter((c) => c.verdict !== "pass").map(metric)));
      entry.tags = (entry.about && entry.about.tags) || [];
    }
    return all.sort((a, b) => order[a.worst] - order[b.worst]);
  };
  const metric = (check) => check.metric || check.check.split(" ")[0];
  const reason = (row) => {
    if (row.error) return row.error;
    const check = row.checks.find((c) => c.verdict !== "pass");
    if (check) return check.check + (check.detail ? ": " + check.detail : "");
    return row.verdict === "untested" ? "nothing was checked" : "";
  };
  const haystack = (entry) => {
    if (entry.text === undefined) {
      const about = entry.about ? [JSON.stringify(entry.about.variables), plain(entry.about.expected) || ""] : [];
      const answers = entry.rows.flatMap((row) => [row.actual, row.error || "", ...row.checks.map((c) => c.check + " " + (c.detail || ""))]);
      entry.text = [entry.id, ...about, ...answers].join("\n").toLowerCase();
    }
    return entry.text;
  };
  const entries = gather();

  const header = () => {
    const version = "version " + report.number + (head.semver ? " (" + head.semver + ")" : "");
    const when = new Date(report.finished_at / 1000).toISOString().slice(0, 19).replace("T", " ") + " UTC";
    put(byId("top"), [
      el("h1", {}, report.prompt + " · " + version),
      el("p", { class: "under" }, "on " + report.model + ", tested by " + report.actor + " at " + when),
      verdict(),
      report.stopped && el("div", { class: "banner note" }, el("strong", {}, "The run ended early: "), report.stopped),
      comparison(),
      leftOut > 0 && el("div", { class: "banner note" }, leftOut + " rows that are not in this page, most of them passing, are in the JSON report."),
    ]);
    put(byId("footer"), [el("p", {}, "Report " + report.id + " · version " + report.version + " · suite " + report.suite + (report.judges && report.judges.length ? " · judged by " + report.judges.join(", ") : ""))]);
  };
  const verdict = () => {
    const total = summary.total;
    const passed = total.passed + " of " + total.cases + " cases passed";
    if (!head.goal) return el("div", { class: "banner " + (total.passed === total.cases && total.cases ? "good" : "note") }, el("strong", {}, passed));
    const good = head.goal.unmet.length === 0;
    return el("div", { class: "banner " + (good ? "good" : "bad") },
      el("strong", {}, (good ? "Thresholds reached" : "Thresholds not reached") + ": " + passed),
      !good && el("ul", {}, head.goal.unmet.map((line) => el("li", {}, line))));
  };
  const comparison = () => {
    const against = head.comparison;
    if (!against) return null;
    const names = (word, cases) => cases.length > 0 && el("li", {}, word + ": " + shorten(cases.join(", "), 600));
    return el("div", { class: "banner note" }, el("strong", {}, "Against " + against.baseline + ": "), against.sentence,
      el("ul", {}, names("lost", against.lost), names("gained", against.gained)));
  };

  const tile = (name, value, small) => el("div", { class: "card" }, el("dl", {}, el("dt", {}, name), el("dd", {}, value)), el("small", {}, small));
  const figures = () => {
    const total = summary.total, range = head.interval;
    const timed = summary.rows - summary.cached;
    const bad = total.cases - total.passed;
    put(byId("figures"), [
      tile("Accuracy", percent(total.cases ? total.passed / total.cases : 0), "95 %: " + percent(range.low) + " to " + percent(range.high)),
      tile("Not passed", bad, [[total.errors, "errors"], [total.untested, "untested"], [total.inconclusive, "inconclusive"]].filter(([n]) => n).map(([n, word]) => n + " " + word).join(", ") || "of " + total.cases + " cases"),
      summary.repeats > 1 && tile("Flaky", total.flaky, summary.repeats + " tries each; all pass: " + percent(summary.pass_hat[summary.pass_hat.length - 1])),
      tile("Latency p50", timed ? time(summary.p50_latency_us) : "unknown", timed ? "p95 " + time(summary.p95_latency_us) : "every answer was cached"),
      tile("Cost", money(summary.total_cost), "spent now " + money(summary.spent) + (summary.checks_cost ? ", checks " + money(summary.checks_cost) : "")),
      tile("Form kept", percent(total.cases ? total.format_valid / total.cases : 0), summary.cached ? summary.cached + " of " + summary.rows + " rows cached" : summary.rows + " rows"),
    ]);
  };

  const chart = (title, label, body) => el("figure", { class: "card" }, el("h3", {}, title), body && body.tagName === "svg" ? (body.setAttribute("role", "img"), body.setAttribute("aria-label", label), body) : body);
  const bars = (lines, mark) => {
    const right = 8 + 7 * Math.max(4, ...lines.map((line) => line.text.length)), left = 104, width = 380, row = 26, height = lines.length * row + 24;
    const x = (share) => left + share * (width - left - right);
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}` });
    for (const tick of [0, 0.25, 0.5, 0.75, 1]) put(root, [
      svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: 0, y2: height - 20 }),
      svg("text", { class: "soft", x: x(tick), y: height - 5, "text-anchor": "middle" }, Math.round(100 * tick) + " %")]);
    lines.forEach((line, i) => {
      const y = i * row + 6;
      put(root, [
        svg("text", { x: 0, y: y + 13 }, shorten(line.name, 15), svg("title", {}, line.name)),
        svg("rect", { class: "track", x: x(0), y, width: x(1) - x(0), height: 16, rx: 3 }),
        svg("rect", { class: "bar", x: x(0), y, width: Math.max(1, x(line.value) - x(0)), height: 16, rx: 3 }),
        line.low !== undefined && svg("path", { class: "whisker", d: `M${x(line.low)} ${y + 8}H${x(line.high)}M${x(line.low)} ${y + 3}v10M${x(line.high)} ${y + 3}v10` }),
        svg("text", { x: width, y: y + 13, "text-anchor": "end" }, line.text)]);
    });
    if (mark) put(root, [svg("line", { class: "mark", x1: x(mark), x2: x(mark), y1: 0, y2: height - 20 }, svg("title", {}, "threshold " + percent(mark)))]);
    return root;
  };
  const histogram = (values, name) => {
    const sorted = values.slice().sort((a, b) => a - b);
    const largest = sorted[sorted.length - 1];
    const top = Math.max(1, Math.min(largest, 1.5 * sorted[Math.min(sorted.length - 1, Math.floor(0.95 * sorted.length))]));
    const bins = new Array(24).fill(0);
    for (const value of values) bins[Math.min(23, Math.floor(24 * value / (top * 1.0001)))] += 1;
    const width = 380, height = 150, most = Math.max(...bins), step = width / 24;
    const root = svg("svg", { viewBox: `0 0 ${width} ${height}` });
    bins.forEach((count, i) => count && put(root, [svg("rect", { class: "bar", x: i * step + 1, y: 122 - 112 * count / most, width: step - 2, height: 112 * count / most, rx: 2 }, svg("title", {}, name(top * i / 24) + " to " + (i === 23 ? "more" : name(top * (i + 1) / 24)) + ": " + count))]));
    put(root, [svg("line", { class: "grid", x1: 0, x2: width, y1: 122, y2: 122 })]);
    [0, 0.5, 1].forEach((at, i) => put(root, [svg("text", { class: "soft", x: at * width, y: 140, "text-anchor": ["start", "middle", "end"][i] }, (at === 1 && largest > top ? "≥ " : "") + name(Math.round(top * at)))]));
    return root;
  };
  const matrix = (found) => {
    const classes = Object.keys(found.classes).sort((a, b) => found.classes[b].support - found.classes[a].support).slice(0, 25);
    const counts = new Map(found.confusion.map(([wanted, got, n]) => [JSON.stringify([wanted, got]), n]));
    return el("table", { class: "matrix" },
      el("caption", { class: "under" }, "wanted ↓ answered →"),
      el("thead", {}, el("tr", {}, el("th", {}), classes.map((name) => el("th", { scope: "col", title: name }, name.length > 9 ? shorten(name, 7) : name)), el("th", { scope: "col" }, "F1"))),
      el("tbody", {}, classes.map((wanted) => el("tr", {}, el("th", { scope: "row", title: wanted }, wanted), classes.map((got) => {
        const n = counts.get(JSON.stringify([wanted, got])) || 0;
        return el("td", { class: !n ? "none" : wanted === got ? "hit" : "miss" }, n || "·");
      }), el("td", {}, found.classes[wanted].f1.toFixed(2))))));
  };
  const charts = () => {
    const names = Object.keys(summary.categories);
    const lines = names.map((name) => {
      const tally = summary.categories[name], range = head.intervals[name];
      return { name, value: tally.cases ? tally.passed / tally.cases : 0, low: range.low, high: range.high, text: tally.passed + "/" + tally.cases };
    });
    const latencies = rows.filter((row) => !row.cached && !row.error).map((row) => row.latency_us);
    const metrics = Object.entries(summary.metrics || {}).map(([name, m]) => ({ name: name || "score", value: m.mean, text: m.mean.toFixed(3) }));
    put(byId("charts"), [
      el("div", { class: "stack" },
        lines.length > 0 && chart("Accuracy by category, with 95 % intervals", "Accuracy by category: " + lines.map((l) => l.name + " " + l.text).join(", "), bars(lines, head.goal && head.goal.accuracy)),
        metrics.length > 0 && chart("Mean score by metric", "Mean scores: " + metrics.map((m) => m.name + " " + m.text).join(", "), bars(metrics))),
      latencies.length > 1 && chart("Latency", "Distribution of latency", histogram(latencies, time)),
      summary.classification && chart("Confusion, macro-F1 " + summary.classification.macro_f1.toFixed(3), "", matrix(summary.classification)),
    ]);
  };

  const checks = (row) => row.checks.length > 0 && el("div", {}, el("h4", {}, "Checks"),
    el("table", { class: "checks" }, el("thead", {}, el("tr", {}, ["Verdict", "Check", "Score", "Weight", "Detail"].map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, row.checks.map((c) => el("tr", {}, el("td", {}, badge(c.verdict)), el("td", {}, c.check), el("td", { class: "number" }, c.score === undefined ? "" : c.score.toFixed(3)), el("td", { class: "number" }, c.weight === undefined ? "" : c.weight), el("td", {}, c.detail || ""))))));
  const block = (name, text) => el("div", {}, el("h4", {}, name), el("pre", { tabindex: "0" }, text));
  const difference = (pieces) => el("div", {}, el("h4", {}, "Difference: wanted and missing, answered and not wanted"), el("pre", { tabindex: "0" }, pieces.map((piece) => {
    const [kind, text] = Object.entries(piece)[0];
    return kind === "same" ? text : el(kind === "removed" ? "del" : "ins", {}, text);
  })));
  const facts = (row) => [time(row.latency_us) + (row.cached ? " when first answered (cached)" : ""), row.cost === null ? "cost unknown" : money(row.cost), row.score === null ? null : "score " + row.score.toFixed(3), row.format_valid ? null : "form not kept", row.call && "call " + row.call].filter(Boolean).join(" · ");
  const tryOf = (entry, row) => {
    const about = entry.about, variables = about ? Object.entries(about.variables) : [];
    return el("div", { class: "detail" },
      variables.length > 0 && block("Input", variables.map(([name, value]) => name + ": " + plain(value)).join("\n")),
      row.error && block("Error", row.error),
      el("div", { class: "sides" }, about && about.expected !== null && block("Expected", plain(about.expected)), !row.error && block("Answered", row.actual)),
      row.diff && difference(row.diff),
      checks(row),
      el("p", { class: "under" }, [entry.category, about && about.difficulty, ...entry.tags].filter(Boolean).join(" · ") + " · " + facts(row)));
  };
  const detail = (entry) => {
    const box = el("div", {});
    const show = (row) => {
      box.replaceChildren();
      if (entry.rows.length > 1) put(box, [el("div", { class: "detail" }, el("div", { class: "tries", role: "group", "aria-label": "Tries" }, entry.rows.map((other) => {
        const button = el("button", { type: "button", "aria-pressed": String(other === row) }, "try " + other.repeat + " ", badge(other.verdict));
        button.addEventListener("click", () => show(other));
        return button;
      })))]);
      put(box, [tryOf(entry, row)]);
    };
    show(entry.bad);
    return box;
  };
  let serial = 0;
  const item = (entry, open) => {
    const id = "detail-" + (serial += 1);
    const tries = entry.rows.length > 1 ? entry.passed + " of " + entry.rows.length : "";
    const button = el("button", { type: "button", class: "head", "aria-expanded": "false", "aria-controls": id },
      el("span", {}, badge(entry.worst)),
      el("span", { class: "id" }, shorten(entry.id, 120)),
      el("span", { class: "why" }, shorten(entry.worst === "pass" ? entry.bad.actual : reason(entry.bad), 300)),
      el("span", { class: "facts" }, entry.flaky && el("span", { class: "badge flag" }, "flaky"), entry.cached && el("span", { class: "badge flag" }, "cached"), " ", [tries, entry.category].filter(Boolean).join(" · ")));
    const panel = el("div", { id, hidden: "" });
    const toggle = (on) => {
      if (on && !panel.firstChild) put(panel, [detail(entry)]);
      panel.hidden = !on;
      button.setAttribute("aria-expanded", String(on));
    };
    button.addEventListener("click", () => toggle(panel.hidden));
    if (open) toggle(true);
    return el("li", {}, button, panel);
  };

  const state = { page: 0, shown: entries };
  const choices = (id, all, names) => put(byId(id), [el("option", { value: "" }, all), names.map(([value, count]) => el("option", { value }, shorten(value, 40) + " (" + count + ")"))]);
  const tally = (lists) => {
    const counts = new Map();
    for (const list of lists) for (const name of list) counts.set(name, (counts.get(name) || 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1]);
  };
  const filter = () => {
    const value = (name) => byId("filter-" + name).value, ticked = (name) => byId("filter-" + name).checked;
    const words = value("text").toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = { verdict: value("verdict"), category: value("category"), tag: value("tag"), metric: value("metric"), flaky: ticked("flaky"), cached: ticked("cached") };
    state.shown = entries.filter((entry) =>
      (!chosen.verdict || (chosen.verdict === "not passed" ? entry.worst !== "pass" : entry.worst === chosen.verdict)) &&
      (!chosen.category || entry.category === chosen.category) && (!chosen.tag || entry.tags.includes(chosen.tag)) &&
      (!chosen.metric || entry.failing.has(chosen.metric)) && (!chosen.flaky || entry.flaky) && (!chosen.cached || entry.cached) &&
      words.every((word) => haystack(entry).includes(word)));
    state.page = 0;
    draw();
  };
  const draw = (every) => {
    const count = state.shown.length, pages = Math.max(1, Math.ceil(count / PAGE));
    const from = every ? 0 : state.page * PAGE, to = every ? Math.min(count, 500) : Math.min(count, from + PAGE);
    const only = count > 0 && state.page === 0 && entries[0] === state.shown[0] && entries[0].worst !== "pass";
    byId("list").replaceChildren(...state.shown.slice(from, to).map((entry, i) => item(entry, (only && i === 0) || (every && entry.worst !== "pass"))));
    byId("count").textContent = count === 0 ? "No case matches." : (from + 1) + " to " + to + " of " + count + " cases" + (count < entries.length ? ", " + entries.length + " in all" : "");
    const turn = (text, page, off) => {
      const button = el("button", { type: "button" }, text);
      button.disabled = off;
      button.addEventListener("click", () => { state.page = page; draw(); byId("cases").scrollIntoView(); });
      return button;
    };
    byId("pages").replaceChildren();
    if (pages > 1) put(byId("pages"), [turn("Previous", state.page - 1, state.page === 0), "page " + (state.page + 1) + " of " + pages, turn("Next", state.page + 1, state.page + 1 >= pages)]);
  };

  header();
  figures();
  charts();
  const worst = tally(entries.map((entry) => [entry.worst]));
  const bad = entries.filter((entry) => entry.worst !== "pass").length;
  choices("filter-verdict", "all", bad > 0 ? [["not passed", bad], ...worst] : worst);
  choices("filter-category", "all", tally(entries.map((entry) => [entry.category])));
  choices("filter-tag", "all", tally(entries.map((entry) => entry.tags)));
  choices("filter-metric", "any", tally(entries.map((entry) => [...entry.failing])));
  const form = byId("filters");
  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 80); });
  form.addEventListener("submit", (event) => { event.preventDefault(); filter(); });
  form.addEventListener("reset", () => setTimeout(filter, 0));
  window.addEventListener("beforeprint", () => draw(true));
  window.addEventListener("afterprint", () => draw());
  draw();
})();
