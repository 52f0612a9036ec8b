import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { copySupportDesk, mofa } from "./support-desk.ts";

const LIMIT = { timeout: 60_000 };

/** A project folder, and something at its port that answers as told. */
async function serving(answer: object, config = "") {
  const folder = await mkdtemp(join(tmpdir(), "mofa-status-"));
  await writeFile(join(folder, "mofa.config.yaml"), `name: desk\n${config}`);
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const status = (env = {}) =>
    mofa(["status", "--port", String((server.address() as AddressInfo).port)], folder, env).finished;
  return {
    asked,
    status,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

test("what is wrong is printed line by line, and what has failed is in the exit code", LIMIT, async () => {
  const bad = { level: "bad", what: "The agent ann has failed", why: "no line" };
  const warn = { level: "warn", what: "The plugin maps waits", why: "" };
  const config = "gateway: { token: 'env:DOOR' }\n";
  await using both = await serving({ troubles: [bad, warn] }, config);
  expect(await both.status({ DOOR: "open-sesame" })).toMatchObject({
    code: 1,
    stdout: "bad   The agent ann has failed: no line\nwarn  The plugin maps waits\n",
  });
  expect(both.asked).toEqual(["Bearer open-sesame"]);
  const queues = [
    { queue: "mail", status: "queued", count: 3 },
    { queue: "mail", status: "dead", count: 1 },
    { queue: "", status: "done", count: 7 },
  ];
  await using one = await serving({ troubles: [warn], queues });
  expect(await one.status()).toMatchObject({
    code: 0,
    stdout: "warn  The plugin maps waits\nruns  without a queue: 7 done\nruns  queue mail: 3 queued, 1 dead\n",
  });
});

test("who is silent, and who refuses, is said with what to do", LIMIT, async () => {
  await using refusing = await serving({ error: { code: "gateway.token_refused", message: "It carries no token." } });
  expect(await refusing.status()).toMatchObject({ code: 4, stderr: expect.stringContaining("It carries no token.") });
  await using desk = await copySupportDesk();
  expect(await mofa(["status", "--port", "1"], desk.folder).finished).toMatchObject({
    code: 4,
    stderr: expect.stringContaining("mofa start"),
  });
});

test("a desk at work says that all is well", LIMIT, async () => {
  await using desk = await copySupportDesk();
  await using started = mofa(["start", "--port", "0"], desk.folder);
  const [, url = ""] = /watch it at (\S+)/.exec(await started.said("tickets taken")) ?? [];
  const { code, stdout } = await mofa(["status", "--port", new URL(url).port], desk.folder).finished;
  expect(code).toBe(0);
  // How many have ended by now is the machine's business.
  expect(stdout).toMatch(/^all is well\nruns {2}without a queue: \d+ /u);
});
