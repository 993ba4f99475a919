// Calls a running Gatemark with the official openai client; prints one JSON object of what it saw.
// usage: node calls.mjs BASE_URL KEY PROMPT MODEL MESSAGE   (NODE_MODULES: where `openai` is installed)
import { createRequire } from "node:module";

const require = createRequire(process.env.NODE_MODULES + "/");
const OpenAI = require("openai").default ?? require("openai");
const [baseURL, apiKey, prompt, model, message] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 30_000 });
const seen = {};

const { data: answer, response } = await client.chat.completions
  .create({ model: `gatemark/${prompt}`, messages: [], variables: { message } })
  .withResponse();
seen.named = {
  text: answer.choices[0].message.content,
  finish: answer.choices[0].finish_reason,
  version: response.headers.get("x-gatemark-version"),
};

const stream = await client.chat.completions.create({
  model: `gatemark/${prompt}`,
  messages: [],
  stream: true,
  prompt: undefined,
  variables: { message },
});
let text = "";
let chunks = 0;
for await (const chunk of stream) {
  chunks += 1;
  text += chunk.choices[0]?.delta?.content ?? "";
}
seen.streamed = { text, chunks };

const plain = await client.chat.completions.create({
  model,
  messages: [{ role: "user", content: "Say yes." }],
});
seen.plain = plain.choices[0].message.content;

try {
  await client.chat.completions.create({ model: `gatemark/${prompt}`, messages: [] });
} catch (error) {
  seen.error = { class: error.constructor.name, status: error.status, code: error.code, param: error.param };
}
console.log(JSON.stringify(seen));
