// Asks every model through all doors with the vendors' own clients; prints one JSON object of what they saw.
// usage: node doors.mjs ROOT KEY MODEL...   (NODE_MODULES: where the clients are installed)
import { createRequire } from "node:module";

const require = createRequire(process.env.NODE_MODULES + "/");
const OpenAI = require("openai").default ?? require("openai");
const Anthropic = require("@anthropic-ai/sdk").default ?? require("@anthropic-ai/sdk");
const [root, apiKey, ...models] = process.argv.slice(2);
const options = { apiKey, maxRetries: 0, timeout: 30_000 };
const claude = new Anthropic({ baseURL: root, ...options });
const gpt = new OpenAI({ baseURL: `${root}/v1`, ...options });
const schema = { type: "object", properties: { city: { type: "string" } } };

async function byClaude(model, tools, stream) {
  const asked = { model, max_tokens: 100, messages: [{ role: "user", content: "hello" }] };
  if (tools) asked.tools = [{ name: "weather", input_schema: schema }];
  const answer = stream
    ? await claude.messages.stream(asked).finalMessage()
    : await claude.messages.create(asked);
  const of = (type) => answer.content.filter((block) => block.type === type);
  return {
    text: of("text").map((block) => block.text).join(""),
    calls: of("tool_use").map((block) => [block.name, block.input]),
    output: answer.usage.output_tokens,
  };
}

async function byGpt(model, tools, stream) {
  const asked = { model, messages: [{ role: "user", content: "hello" }] };
  if (tools) asked.tools = [{ type: "function", function: { name: "weather", parameters: schema } }];
  const answer = stream
    ? await gpt.chat.completions
        .stream({ ...asked, stream_options: { include_usage: true } })
        .finalChatCompletion()
    : await gpt.chat.completions.create(asked);
  const said = answer.choices[0].message;
  const calls = (said.tool_calls ?? []).map((call) => call.function);
  return {
    text: said.content ?? "",
    calls: calls.map(({ name, arguments: text }) => [name, JSON.parse(text)]),
    output: answer.usage.completion_tokens,
  };
}

async function byResponses(model, tools, stream) {
  const asked = { model, input: "hello" };
  if (tools) asked.tools = [{ type: "function", name: "weather", parameters: schema, strict: false }];
  const answer = stream
    ? await gpt.responses.stream(asked).finalResponse()
    : await gpt.responses.create(asked);
  const calls = answer.output.filter((item) => item.type === "function_call");
  const said = answer.output.filter((item) => item.type === "message").flatMap((item) => item.content);
  return {
    text: said.map((part) => part.text).join(""),
    calls: calls.map(({ name, arguments: text }) => [name, JSON.parse(text)]),
    output: answer.usage.output_tokens,
  };
}

const rows = [];
for (const [door, ask] of [["messages", byClaude], ["chat", byGpt], ["responses", byResponses]])
  for (const model of models)
    for (const tools of [false, true])
      for (const stream of [false, true])
        rows.push({ door, model, tools, stream, ...(await ask(model, tools, stream)) });
console.log(JSON.stringify({ rows }));
