// Recorded tests/references/promptfoo.jsonl: runs promptfoo's own functions, cut out of its published file
// unchanged, together with the js-rouge that it depends on.
//
//   npm pack promptfoo@0.123.1 && tar xzf promptfoo-0.123.1.tgz && npm install js-rouge@3.2.3
//   node promptfoo.mjs package/dist/src/evaluator-*.js < pairs.jsonl > promptfoo.jsonl
import fs from "node:fs";
import { createRequire } from "node:module";

const rouge = createRequire(process.cwd() + "/")("js-rouge");
const dist = fs.readFileSync(process.argv[2], "utf8");
const cut = (name) => {
  const start = dist.indexOf(`\nfunction ${name}(`);
  const end = dist.indexOf("\n}\n", start);
  if (start < 0 || end < 0) throw new Error(`${name} is not in ${process.argv[2]}`);
  return dist.slice(start, end + 3);
};
const names = ["getNGrams", "calculateBrevityPenalty", "tokenize", "countNGrams$1", "calculateBleuScore",
  "countNGrams", "rougeNScore"];
const make = new Function("rouge", names.map(cut).join("\n") + "; return { calculateBleuScore, rougeNScore };");
const { calculateBleuScore, rougeNScore } = make(rouge);

console.log(JSON.stringify({ promptfoo: "0.123.1", "js-rouge": "3.2.3" }));
for (const line of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const { id, actual, expected } = JSON.parse(line);
  const bleu = calculateBleuScore(actual, expected);
  const lower = actual.toLowerCase();
  const rouge_n = Math.max(...expected.map((one) => rougeNScore(lower, one.toLowerCase())));
  console.log(JSON.stringify({ id, actual, expected, bleu, rouge_n }));
}
