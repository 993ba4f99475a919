// Asks every model through all doors with Vercel's `ai`; prints one JSON object of what it saw.
// usage: node kit.mjs ROOT KEY MODEL...   (NODE_MODULES: where the clients are installed)
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.NODE_MODULES + "/");
const load = async (name) => {
  try {
    return require(name);
  } catch {
    return import(pathToFileURL(`${process.env.NODE_MODULES}/${name}/dist/index.js`));
  }
};
const { generateText, streamText, tool, embedMany, Output } = await load("ai");
const { createOpenAI } = await load("@ai-sdk/openai");
const { createAnthropic } = await load("@ai-sdk/anthropic");
const { z } = require("zod");
const [root, apiKey, ...models] = process.argv.slice(2);
const openai = createOpenAI({ baseURL: `${root}/v1`, apiKey });
const anthropic = createAnthropic({ baseURL: `${root}/v1`, apiKey });
const doors = {
  responses: (model) => openai.responses(model),
  chat: (model) => openai.chat(model),
  messages: (model) => anthropic(model),
};
const tools = {
  weather: tool({ description: "d", inputSchema: z.object({ city: z.string() }) }),
};
const rows = [];
for (const [door, of] of Object.entries(doors))
  for (const model of models)
    for (const withTools of [false, true])
      for (const stream of [false, true]) {
        const asked = { model: of(model), prompt: "hello", maxRetries: 0 };
        if (withTools) asked.tools = tools;
        const answer = stream ? streamText({ ...asked, onError: ({ error }) => console.error(door, model, error) }) : await generateText(asked);
        const calls = await answer.toolCalls;
        rows.push({
          door, model, tools: withTools, stream,
          text: await answer.text,
          calls: calls.map(({ toolName, input }) => [toolName, input]),
          output: (await answer.usage).outputTokens,
          finish: await answer.finishReason,
        });
      }
const objects = {};
for (const [door, model] of [["responses", "chat/m"], ["responses", "gpt/m"], ["chat", "gpt/m"]]) {
  const schema = z.object({ city: z.string(), degrees: z.number() });
  const output = Output.object({ schema });
  const answer = await generateText({ model: doors[door](model), prompt: "Graz?", output, maxRetries: 0 });
  objects[`${door} ${model}`] = answer.output;
}
let broken = "";
const failing = streamText({
  model: doors.responses("chat/m"), prompt: "break off", maxRetries: 0, onError() {},
});
for await (const part of failing.fullStream) if (part.type === "error") broken = String(part.error?.message ?? part.error);
const { embeddings } = await embedMany({ model: openai.embedding("chat/m"), values: ["a", "b"], maxRetries: 0 });
console.log(JSON.stringify({ rows, objects, broken, embeddings }));
