import { connect, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { defineTool } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { expect, test } from "vitest";
import { openGateway } from "../test/fakes.ts";

const echo = defineTool({ name: "echo", input: { type: "object" }, run: (input) => input });

const swallow = defineTool({ name: "swallow", input: { type: "object" }, run: () => "gone" });

/** Follows the events; `until` reads on until the text so far contains something, `rest` to the end. */
async function follow(url: string, query = "") {
  const response = await fetch(`${url}/api/events${query}`);
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const until = async (what: string) => {
    while (!text.includes(what)) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += value;
    }
    return text;
  };
  await until(": following");
  return { response, until, rest: () => until("\0"), leave: () => reader.cancel() };
}

const types = (text: string) =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json ?? "") as { type: string; name: string });

test("events are told as they happen", async () => {
  await using opened = await openGateway();
  const stream = await follow(opened.url);
  expect(stream.response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  await opened.kernel.invoke(echo, { a: 1 });
  const events = types(await stream.until("action.end"));
  expect(events).toMatchObject([
    { type: "action.start", kind: "tool", name: "echo", input: { a: 1 } },
    { type: "action.end", output: { a: 1 } },
  ]);
  await stream.leave();
});

test("a client gets only what it asked for", async () => {
  await using opened = await openGateway();
  const byType = await follow(opened.url, "?type=action.end&kind=tool");
  const byTrace = await follow(opened.url, "?trace=t-2");
  await opened.kernel.invoke(echo, {}, { trace: "t-1" });
  await opened.kernel.invoke(echo, {}, { trace: "t-2" });
  await opened.kernel.unplug("gateway");
  expect(types(await byType.rest()).map(({ type }) => type)).toEqual(["action.end", "action.end"]);
  expect(types(await byTrace.rest()).map(({ type }) => type)).toEqual(["action.start", "action.end"]);
});

test("what is too large or not JSON is left out, and said so", async () => {
  await using opened = await openGateway();
  const stream = await follow(opened.url, "?type=action.start");
  await opened.kernel.invoke(echo, { text: "x".repeat(100_000) });
  await opened.kernel.invoke(echo, { n: 1n } as never);
  await opened.kernel.unplug("gateway");
  expect(types(await stream.rest())).toMatchObject(
    [{ omitted: /characters/ }, { omitted: /BigInt/ }].map(({ omitted }) => ({
      omitted: expect.stringMatching(omitted),
    })),
  );
});

test("when the plugin ends, whoever follows is told and let go", async () => {
  await using opened = await openGateway();
  const streams = await Promise.all([follow(opened.url), follow(opened.url)]);
  await opened.kernel.unplug("gateway");
  for (const stream of streams) expect(await stream.rest()).toMatch(/: the gateway ends\n\n$/);
});

test("a silent stream says from time to time that it lives", async () => {
  await using opened = await openGateway();
  const stream = await follow(opened.url);
  await opened.kernel.clock.advance(15_000);
  expect(await stream.until(": still here")).toContain(": still here");
  await stream.leave();
});

/** One call, and a turn of the event loop in which sockets can be read. */
async function invokeAndYield(kernel: Kernel, input: { text: string }): Promise<void> {
  await kernel.invoke(swallow, input);
  await setImmediate();
}

/** A client that asks for the stream and reads nothing until it is told to. */
async function openSlow(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.write("GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n");
  await new Promise((resolve) => socket.once("readable", resolve));
  return socket;
}

test("a client that does not read is dropped and told so; the others and the work go on", async () => {
  await using opened = await openGateway();
  const slow = await openSlow(opened.url);
  const quick = await follow(opened.url, "?type=action.end");
  const input = { text: "x".repeat(30_000) };
  // More than sockets hold by themselves, and the bound above that.
  for (let index = 0; index < 600; index++) await invokeAndYield(opened.kernel, input);
  let text = "";
  slow.setEncoding("utf8");
  const closed = new Promise((resolve) => slow.once("close", resolve));
  slow.on("data", (piece: string) => {
    text = (text + piece).slice(-1000);
  });
  await closed;
  expect(text).toContain(": dropped, because you read too slowly");
  await opened.kernel.unplug("gateway");
  expect(types(await quick.rest())).toHaveLength(600);
});

test("a dropped client that never reads is cut off", async () => {
  await using opened = await openGateway();
  const slow = await openSlow(opened.url);
  slow.pause();
  const closed = new Promise((resolve) => slow.once("close", resolve));
  slow.on("error", () => {});
  const input = { text: "x".repeat(30_000) };
  for (let index = 0; index < 600; index++) await invokeAndYield(opened.kernel, input);
  await opened.kernel.clock.advance(5000);
  expect(opened.kernel.clock.pending).toBe(0);
  slow.resume();
  await closed;
});
