import { connect } from "node:net";
import { expect, test } from "vitest";
import { openGateway } from "../test/fakes.ts";
import { ask } from "../test/http.ts";
import { gateway } from "./index.ts";

const refused = (url: string) => ask(`${url}/healthz`).catch((error: NodeJS.ErrnoException) => error.code);

test("it says where it listens, in the log and to whoever asked", async () => {
  await using opened = await openGateway();
  expect(opened.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(opened.kernel.logged).toContainEqual(
    expect.objectContaining({ from: "gateway", level: "info", message: `listening on ${opened.url}` }),
  );
});

test("a taken port is named, with what to do", async () => {
  await using opened = await openGateway();
  const port = Number(new URL(opened.url).port);
  const failure = openGateway({ port });
  await expect(failure).rejects.toMatchObject({ cause: { code: "gateway.port_taken" } });
  await expect(failure).rejects.toThrow(new RegExp(`127\\.0\\.0\\.1:${port}.*port 0`));
});

test("an address that is not of this machine is named", async () => {
  await expect(openGateway({ host: "192.0.2.1", token: "t" })).rejects.toMatchObject({
    cause: { code: "gateway.cannot_listen" },
  });
});

test("options that make no sense are refused by name", async () => {
  await expect(openGateway({ port: 70_000 })).rejects.toThrow(/options of the plugin "gateway" are wrong: port/);
  await expect(openGateway({ prot: 1 } as never)).rejects.toThrow(/prot/);
});

test("it can be replaced on its own port, because the old one ends first", async () => {
  await using opened = await openGateway();
  const port = Number(new URL(opened.url).port);
  await opened.kernel.replace(gateway({ port, hosts: ["other"] }));
  expect((await ask(`${opened.url}/healthz`, { headers: { host: "other" } })).status).toBe(200);
});

test("after the end nobody listens, and no socket or timer is left", async () => {
  const opened = await openGateway();
  const kept = await fetch(`${opened.url}/healthz`);
  await kept.text();
  await opened.kernel.end();
  expect(await refused(opened.url)).toBe("ECONNREFUSED");
  await expect.poll(() => process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP"))).toEqual([]);
});

test("a client that never finishes its request is let go after the drain", async () => {
  const opened = await openGateway();
  const socket = connect(Number(new URL(opened.url).port), "127.0.0.1");
  const closed = new Promise((resolve) => {
    socket.once("close", resolve);
    socket.on("error", () => {});
  });
  await new Promise((resolve) => {
    socket.write(
      "POST /api/runs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\ncontent-type: application/json\r\n\r\n{",
      resolve,
    );
  });
  // The server has the request when another one, asked later, is answered.
  await ask(`${opened.url}/healthz`);
  const ending = opened.kernel.end();
  while (opened.kernel.clock.pending === 0) await opened.kernel.clock.advance(0);
  await opened.kernel.clock.advance(2000);
  await Promise.all([ending, closed]);
});
