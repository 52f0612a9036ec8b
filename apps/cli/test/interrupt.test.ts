import { createServer } from "node:http";
import { createMofa } from "@mofa/sdk";
import { openai } from "@mofa/sdk/llm";
import { runEventLoop } from "@mofa/sdk/runtime";
import { expect, test } from "vitest";

const reply = (text: string) => ({
  id: "1",
  object: "chat.completion.chunk",
  created: 0,
  model: "m",
  choices: [{ index: 0, delta: { role: "assistant", content: text }, finish_reason: null }],
});
const finish = {
  ...reply(""),
  choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
};

test("an interrupted event closes the connection of the model call that was made for it, and the next is answered", async () => {
  const began = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  let requests = 0;
  // Speaks the protocol of a model: it begins its first answer and never ends it; the second is whole.
  await using server = createServer((request, response) => {
    request.resume();
    requests++;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${JSON.stringify(reply("Once upon"))}\n\n`);
    if (requests === 1) {
      response.on("close", () => closed.resolve());
      began.resolve();
      return;
    }
    response.end(`data: ${JSON.stringify(finish)}\n\ndata: [DONE]\n\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await using mofa = await createMofa({
    plugins: [openai({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: "test-key-of-nobody", models: ["m"] })],
    log: () => {},
  });
  mofa.agent({ name: "teller", model: "openai/m" });
  const said: unknown[] = [];
  const loop = runEventLoop(mofa, {
    source: (async function* () {
      yield "Tell me a story.";
      yield "A short one.";
    })(),
    dispatch: (text) => ({ to: "agent:teller", body: { text } }),
    failed: (_, error) => began.reject(error),
    handled: (_, answer) => void said.push((answer as { text: string }).text),
  });
  await began.promise;
  expect(loop.interrupt("the listener fell asleep")).toBe(1);
  await closed.promise;
  expect(await loop.done).toMatchObject({ status: "ended", interrupted: 1, handled: 1, failed: 0 });
  expect([said, requests]).toEqual([["Once upon"], 2]);
  server.closeAllConnections();
});
