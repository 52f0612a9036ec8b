import { defineTool, type Journal, type Plugin } from "@mofa/kernel";
import { createKernel, inMemory } from "@mofa/kernel/host";
import { describe, expect, test } from "vitest";
import { fakeEngine, keepRun, openGateway } from "../test/fakes.ts";
import { ask, get, post } from "../test/http.ts";
import { gateway } from "./index.ts";

const question = { title: "Refund?", why: "Above the limit", options: ["approve", "reject"] };

async function withDecision() {
  const opened = await openGateway({}, fakeEngine());
  const journal = opened.kernel.find("journal") as Journal;
  await keepRun(
    journal,
    { id: "r1", name: "refund" },
    {
      rows: [{ key: "a", parent: "", type: "step", kind: "node", name: "check", body: 1, at: 5 }],
      tasks: [{ token: "t1", run: "r1", key: "k", question }],
      update: { status: "waiting" },
    },
  );
  return opened;
}

describe("probes", () => {
  test("it is alive while it listens", async () => {
    await using opened = await openGateway();
    expect(await get(`${opened.url}/healthz`)).toEqual({ status: 200, json: { status: "ok" } });
  });

  test("it is ready when plugins, agents, journal and store are", async () => {
    await using opened = await openGateway();
    expect(await get(`${opened.url}/readyz`)).toEqual({
      status: 200,
      json: {
        status: "ready",
        checks: ["plugins", "agents", "journal", "store"].map((name) => ({ name, status: "ok", detail: "" })),
      },
    });
  });

  test("what is not ready is named", async () => {
    const broken: Plugin = {
      name: "broken",
      version: "1.0.0",
      setup: (ctx) =>
        void ctx.provide("store", { name: "disk", list: () => Promise.reject(new Error("disk full")) } as never),
    };
    await using opened = await openGateway({}, broken);
    await opened.kernel.plug({ name: "weather", version: "1.0.0", needs: ["sandbox"], setup: () => {} });
    const { status, json } = await get(`${opened.url}/readyz`);
    expect([status, json]).toMatchObject([
      503,
      {
        status: "not ready",
        checks: [
          { name: "plugins", status: "failed", detail: "weather is waiting (needs sandbox)" },
          { status: "ok" },
          { status: "ok" },
          { name: "store", status: "failed", detail: "disk full" },
        ],
      },
    ]);
  });

  test("where there is a health plugin, both are what it saw last", async () => {
    await using opened = await openGateway();
    const check = (name: string, status: "ok" | "failed") => ({ name, status, detail: "", at: 1 });
    const report = (status: "ok" | "failed") => ({ status, checks: [check("line", status)] });
    const states: { live: "ok" | "failed"; ready: "ok" | "failed" } = { live: "ok", ready: "failed" };
    opened.kernel.provide("health", {
      name: "health",
      live: () => report(states.live),
      ready: () => report(states.ready),
      check: async () => report(states.ready),
    });
    expect(await get(`${opened.url}/healthz`)).toEqual({ status: 200, json: report("ok") });
    expect(await get(`${opened.url}/readyz`)).toEqual({
      status: 503,
      json: { status: "not ready", checks: [check("line", "failed")] },
    });
    Object.assign(states, { live: "failed", ready: "ok" });
    expect(await get(`${opened.url}/healthz`)).toEqual({ status: 503, json: report("failed") });
    expect(await get(`${opened.url}/readyz`)).toMatchObject({ status: 200, json: { status: "ready" } });
  });

  test("a store that never answers makes it not ready, after a while", async () => {
    const slow: Plugin = {
      name: "slow",
      version: "1.0.0",
      setup: (ctx) => void ctx.provide("store", { name: "slow", list: () => new Promise(() => {}) } as never),
    };
    await using opened = await openGateway({}, slow);
    const asked = get(`${opened.url}/readyz`);
    while (opened.kernel.clock.pending === 0) await opened.kernel.clock.advance(0);
    await opened.kernel.clock.advance(3000);
    expect((await asked).status).toBe(503);
  });

  test("metrics are those of the newest provider; without one, it is said what to add", async () => {
    await using opened = await openGateway();
    expect(await ask(`${opened.url}/metrics`)).toMatchObject({
      status: 404,
      text: expect.stringContaining("observability()"),
    });
    opened.kernel.provide("metrics", { name: "m", contentType: "text/x-test", render: async () => "a 1\n" });
    expect(await ask(`${opened.url}/metrics`)).toMatchObject({
      status: 200,
      text: "a 1\n",
      headers: { "content-type": "text/x-test" },
    });
  });
});

describe("status", () => {
  test("it tells of plugins, agents, runs, decisions and events", async () => {
    await using opened = await withDecision();
    const { json } = await get(`${opened.url}/api/status`);
    expect(json).toMatchObject({
      rehearsal: "none",
      plugins: [{ name: "in-memory", status: "active" }, { name: "fake-engine" }, { name: "gateway" }],
      agents: [],
      runs: [{ id: "r1", name: "refund", status: "waiting" }],
      decisions: [{ token: "t1", question }],
      missing: {},
    });
    expect((await get(`${opened.url}/api/plugins`)).json).toMatchObject({ plugins: [{ version: "0.1.0" }, {}, {}] });
    expect((await get(`${opened.url}/api/agents`)).json).toEqual({ agents: [] });
  });

  test("what it may not see is null, and it says what to add", async () => {
    const urls: string[] = [];
    const listening = (at: string) => void urls.push(at);
    await using kernel = await createKernel({ plugins: [gateway({ port: 0, listening })] });
    const [url] = urls;
    expect(kernel.find("engine")).toBeUndefined();
    const { json } = await get(`${url}/api/status`);
    expect(json).toMatchObject({
      plugins: null,
      agents: null,
      runs: null,
      decisions: null,
      missing: {
        plugins: expect.stringContaining("not granted"),
        runs: expect.stringContaining("@mofa/workflow"),
        decisions: expect.stringContaining("@mofa/workflow"),
      },
    });
    expect((await get(`${url}/api/plugins`)).status).toBe(503);
    expect((await get(`${url}/readyz`)).status).toBe(200);
  });

  test("without an engine, runs are read from the journal", async () => {
    const urls: string[] = [];
    const listening = (at: string) => void urls.push(at);
    await using kernel = await createKernel({ plugins: [inMemory(), gateway({ port: 0, listening })] });
    const [url] = urls;
    await keepRun(kernel.find("journal") as Journal, { id: "old", name: "refund" });
    expect((await get(`${url}/api/runs`)).json).toMatchObject({ runs: [{ id: "old" }] });
    expect((await get(`${url}/api/runs/old`)).json).toMatchObject({ run: { id: "old" }, rows: [] });
    expect((await get(`${url}/api/runs/none`)).json).toMatchObject({ error: { code: "gateway.no_run" } });
  });
});

describe("decisions", () => {
  test("an answer is kept with who gave it", async () => {
    await using opened = await withDecision();
    const { status, json } = await post(`${opened.url}/api/decisions/t1`, {
      value: "approve",
      by: "Ann",
      comment: "ok",
    });
    expect([status, json]).toMatchObject([
      200,
      { decision: { status: "answered", answer: { value: "approve", by: "Ann", comment: "ok" } } },
    ]);
    expect((await get(`${opened.url}/api/decisions`)).json).toEqual({ decisions: [] });
    expect((await get(`${opened.url}/api/decisions?status=answered&run=r1`)).json).toMatchObject({
      decisions: [{ token: "t1" }],
    });
  });

  test("of many who answer at once, one is heard and the others learn who it was", async () => {
    await using opened = await withDecision();
    const names = ["Ann", "Bob", "Cleo", "Dan"];
    const answers = await Promise.all(
      names.map((by) => post(`${opened.url}/api/decisions/t1`, { value: "reject", by })),
    );
    const winner = names[answers.findIndex(({ status }) => status === 200)];
    const late = answers.filter(({ status }) => status === 409);
    expect(late).toHaveLength(3);
    for (const { json } of late)
      expect(json).toMatchObject({ error: { code: "task.already_answered", data: { by: winner } } });
  });

  test.each([
    ["an answer that is not offered", { value: "maybe", by: "Ann" }, 422, "decision.bad_answer"],
    ["nobody's name", { value: "approve", by: "  " }, 422, "gateway.bad_request"],
    ["no value", { by: "Ann" }, 422, "gateway.bad_request"],
    ["a field that nobody knows", { value: "approve", by: "Ann", wish: 1 }, 422, "gateway.bad_request"],
    ["no object", "[]", 422, "gateway.bad_request"],
    ["broken JSON", "{", 400, "gateway.bad_json"],
  ])("%s is refused and the question stays open", async (_, body, status, code) => {
    await using opened = await withDecision();
    const answer = await post(`${opened.url}/api/decisions/t1`, body);
    expect([answer.status, answer.json]).toMatchObject([status, { error: { code } }]);
    expect((await get(`${opened.url}/api/decisions`)).json).toMatchObject({ decisions: [{ status: "open" }] });
  });

  test("a question that does not exist is not found", async () => {
    await using opened = await withDecision();
    const { status, json } = await post(`${opened.url}/api/decisions/nope`, { value: 1, by: "Ann" });
    expect([status, json]).toMatchObject([404, { error: { code: "task.not_found" } }]);
  });
});

describe("runs", () => {
  const tool = defineTool({ name: "greet", input: { type: "object" }, run: () => "hi" });

  test("a run is started once, and starting it again finds it", async () => {
    await using opened = await openGateway({}, fakeEngine());
    opened.kernel.provide("tool", tool);
    const start = { kind: "tool", name: "greet", input: { a: 1 }, id: "mine" };
    const first = await post(`${opened.url}/api/runs`, start);
    expect([first.status, first.headers["location"], first.json]).toEqual([
      201,
      "/runs/mine",
      { id: "mine", status: "queued" },
    ]);
    expect(await post(`${opened.url}/api/runs`, start)).toMatchObject({ status: 200, json: { id: "mine" } });
    expect((await get(`${opened.url}/api/runs/mine`)).json).toMatchObject({
      run: { kind: "tool", name: "greet", input: { a: 1 } },
    });
  });

  test("runs are listed by status and name", async () => {
    await using opened = await withDecision();
    const ids = async (query: string) =>
      ((await get(`${opened.url}/api/runs?${query}`)).json["runs"] as unknown as { id: string }[]).map(({ id }) => id);
    expect(await ids("status=waiting,running&name=refund&limit=5")).toEqual(["r1"]);
    expect(await ids("status=done")).toEqual([]);
    for (const wrong of ["status=lost", "limit=0", "limit=x", "limit=1001"])
      expect((await get(`${opened.url}/api/runs?${wrong}`)).status).toBe(422);
  });

  test.each([
    ["an unknown workflow", { workflow: "nope" }, 404, "registry.not_found"],
    ["no name", { kind: "tool" }, 422, "gateway.bad_request"],
    ["both ways at once", { workflow: "a", kind: "tool", name: "a" }, 422, "gateway.bad_request"],
    ["a kind that is no action", { kind: "store", name: "memory" }, 422, "gateway.bad_request"],
  ])("%s is refused", async (_, body, status, code) => {
    await using opened = await openGateway({}, fakeEngine());
    const answer = await post(`${opened.url}/api/runs`, body);
    expect([answer.status, answer.json]).toMatchObject([status, { error: { code } }]);
  });

  test("a failure that nobody expected is told without its stack, and logged", async () => {
    await using opened = await openGateway();
    opened.kernel.provide("engine", {
      name: "bad",
      list: () => Promise.reject(new Error("the disk is gone")),
    } as never);
    const { status, json } = await get(`${opened.url}/api/runs`);
    expect([status, json]).toEqual([
      500,
      { error: { code: "error.unexpected", message: "the disk is gone", retryable: false } },
    ]);
    expect(opened.kernel.logged.map(({ message }) => message)).toContain("GET /api/runs failed: the disk is gone");
  });
});
