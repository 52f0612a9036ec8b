import type { Agent, AgentInfo, Plugin, Schedule, ScheduleInfo } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { describe, expect, test } from "vitest";
import { openGateway } from "../test/fakes.ts";
import { ask, get, post } from "../test/http.ts";
import { gateway } from "./index.ts";

const echo = (name: string, more: Partial<Agent> = {}): Agent => ({
  kind: "agent",
  name,
  run: (input) => input,
  ...more,
});
/** An agent that works until it is told to stop. */
const stuck = (name: string): Agent =>
  echo(name, {
    run: (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
const version = (text: string, more: Partial<Plugin> = {}): Plugin => ({
  name: "weather",
  version: text,
  setup: () => {},
  ...more,
});

const codeOf = (json: { error?: { code: string } }) => json.error?.code;

async function withAgents(...agents: readonly Agent[]) {
  const opened = await openGateway();
  for (const agent of agents) opened.kernel.provide("agent", agent);
  await opened.kernel.started();
  return opened;
}

describe("agents", () => {
  test("they are paused, resumed, stopped and restarted, and each answer says how they are then", async () => {
    await using opened = await withAgents(echo("ann"));
    const seen: unknown[] = [];
    for (const verb of ["pause", "resume", "stop", "restart"]) {
      const { status, json } = await post(`${opened.url}/api/agents/ann/${verb}`, {});
      seen.push([status, (json as { agent?: AgentInfo }).agent?.status]);
    }
    expect(seen).toEqual([
      [200, "paused"],
      [200, "ready"],
      [200, "stopped"],
      [200, "ready"],
    ]);
    expect(opened.kernel.logged.map(({ message }) => message)).toContain('asked over HTTP: stop of the agent "ann"');
  });

  test("a name with a slash is one name", async () => {
    await using opened = await withAgents(echo("shop/ann"));
    expect((await post(`${opened.url}/api/agents/${encodeURIComponent("shop/ann")}/pause`, {})).status).toBe(200);
    expect(opened.kernel.agents()[0]?.status).toBe("paused");
  });

  test("what cannot be is refused: an agent that is not there, a change it cannot make, a body that says too much", async () => {
    await using opened = await withAgents(echo("ann"));
    const answers = [
      await post(`${opened.url}/api/agents/bob/pause`, {}),
      await post(`${opened.url}/api/agents/bob/interrupt`, {}),
      await post(`${opened.url}/api/agents/ann/resume`, {}),
      await post(`${opened.url}/api/agents/ann/stop`, { force: true }),
      await post(`${opened.url}/api/agents/ann/stop`, "{"),
      await post(`${opened.url}/api/agents/ann/explode`, {}),
    ];
    expect(answers.map(({ status, json }) => [status, codeOf(json)])).toEqual([
      [404, "registry.not_found"],
      [404, "registry.not_found"],
      [409, "lifecycle.refused"],
      [422, "gateway.bad_request"],
      [400, "gateway.bad_json"],
      [404, "gateway.no_route"],
    ]);
    expect(opened.kernel.agents()[0]?.status).toBe("ready");
  });

  test("a start that fails is said to whoever restarted", async () => {
    let broken = false;
    const ann = echo("ann", {
      start() {
        if (broken) throw new Error("no line");
      },
      supervision: { restart: "temporary" },
    });
    await using opened = await withAgents(ann);
    broken = true;
    expect(await post(`${opened.url}/api/agents/ann/restart`, {})).toMatchObject({
      status: 502,
      json: { error: { code: "agent.crashed", message: 'The agent "ann" failed: no line' } },
    });
    expect((await get(`${opened.url}/api/agents`)).json).toMatchObject({
      agents: [{ name: "ann", status: "failed", reason: 'The agent "ann" failed: no line' }],
    });
  });

  test("what is in work is interrupted, and whoever asked for it hears why", async () => {
    await using opened = await withAgents(stuck("ann"));
    const turn = opened.kernel.invoke(opened.kernel.get("agent", "ann"), {}).catch((error: Error) => error.message);
    expect(await post(`${opened.url}/api/agents/ann/interrupt`, { reason: "it costs too much" })).toMatchObject({
      status: 200,
      json: { interrupted: 1 },
    });
    expect(await turn).toContain("it costs too much");
  });

  test("a change that takes its time is answered 202, goes on, and is in the log if it fails", async () => {
    const second = Promise.withResolvers<void>();
    let starts = 0;
    const start = () => (++starts === 1 ? undefined : second.promise);
    await using opened = await withAgents(echo("ann", { start, supervision: { restart: "temporary" } }));
    const asked = post(`${opened.url}/api/agents/ann/restart`, {});
    while (opened.kernel.clock.pending === 0) await opened.kernel.clock.advance(0);
    await opened.kernel.clock.advance(3000);
    expect(await asked).toMatchObject({ status: 202, json: { status: "going on" } });
    second.reject(new Error("no line"));
    await expect
      .poll(() => opened.kernel.logged.map(({ message }) => message))
      .toContain('asked over HTTP: restart of the agent "ann" failed: The agent "ann" failed: no line');
  });

  test("supervisors are listed with whom they watch over", async () => {
    await using opened = await openGateway();
    opened.kernel.provide("supervisor", { name: "shop", strategy: "one-for-all" });
    opened.kernel.provide("agent", echo("ann", { supervision: { supervisor: "shop" } }));
    expect((await get(`${opened.url}/api/supervisors`)).json).toMatchObject({
      supervisors: [
        { name: "kernel", members: ["supervisor:shop"] },
        { name: "shop", strategy: "one-for-all", members: ["agent:ann"], supervisor: "kernel" },
      ],
    });
  });
});

describe("dead letters", () => {
  async function withLetters() {
    let works = false;
    const flaky = echo("flaky", {
      run() {
        if (!works) throw new Error("no paper");
      },
    });
    const opened = await withAgents(flaky);
    for (const type of ["print", "print", "fax"])
      await opened.kernel.send({ to: "agent:flaky", type, body: { page: type } });
    await expect.poll(() => opened.kernel.deadLetters.count).toBe(3);
    return {
      ...opened,
      letters: async (query = "") => (await get(`${opened.url}/api/letters${query}`)).json,
      mend: () => {
        works = true;
      },
      [Symbol.asyncDispose]: () => opened.kernel.end(),
    };
  }

  test("they are listed newest first, with what they said and why they died", async () => {
    await using opened = await withLetters();
    expect(await opened.letters()).toMatchObject({
      count: 3,
      dropped: 0,
      matching: 3,
      letters: [
        {
          to: "agent:flaky",
          attempts: 1,
          reason: { message: "no paper" },
          message: { type: "fax", body: { page: "fax" } },
        },
        { message: { type: "print" } },
        { message: { type: "print" } },
      ],
    });
    expect(await opened.letters("?type=print&limit=1")).toMatchObject({ matching: 2, letters: [{}] });
    expect((await get(`${opened.url}/api/letters?limit=0`)).status).toBe(422);
  });

  test("one is replayed by its id, and there is none of it afterwards", async () => {
    await using opened = await withLetters();
    opened.mend();
    const { letters } = (await opened.letters()) as unknown as { letters: { id: string }[] };
    const at = `${opened.url}/api/letters/${letters[0]?.id}/replay`;
    expect(await post(at, {})).toMatchObject({ status: 200, json: { replayed: 1, rejected: 0 } });
    expect(await opened.letters()).toMatchObject({ count: 3, matching: 2 });
    expect(await post(at, {})).toMatchObject({ status: 404, json: { error: { code: "gateway.no_letter" } } });
  });

  test("those of a filter are replayed; what fails again comes back, once more dead", async () => {
    await using opened = await withLetters();
    expect((await post(`${opened.url}/api/letters/replay`, { type: "print" })).json).toMatchObject({ replayed: 2 });
    await expect.poll(() => opened.kernel.deadLetters.count).toBe(5);
    expect(await opened.letters("?type=print")).toMatchObject({ letters: [{ attempts: 2 }, { attempts: 2 }] });
  });

  test("they are thrown away by filter or all, and a wrong filter throws nothing away", async () => {
    await using opened = await withLetters();
    expect((await post(`${opened.url}/api/letters/clear`, { typ: "fax" })).status).toBe(422);
    expect((await post(`${opened.url}/api/letters/clear`, { type: "fax" })).json).toEqual({ cleared: 1 });
    expect((await post(`${opened.url}/api/letters/clear`, {})).json).toEqual({ cleared: 2 });
    expect(await opened.letters()).toMatchObject({ count: 3, matching: 0 });
  });
});

describe("tasks and schedules", () => {
  test("what waits for nobody is listed with the reason, and can be cancelled once", async () => {
    await using opened = await openGateway();
    const task = opened.kernel.scheduler.submit({ name: "t", role: "translator", unmatched: "park", input: {} });
    const ended = task.result.catch((error: Error) => error.message);
    expect((await get(`${opened.url}/api/tasks`)).json).toMatchObject({
      tasks: [{ id: task.id, name: "t", status: "parked", reason: expect.stringContaining("translator") }],
    });
    const at = `${opened.url}/api/tasks/${task.id}/cancel`;
    expect(await post(at, { reason: "wrong language" })).toMatchObject({ status: 200, json: { cancelled: true } });
    expect(await ended).toContain("wrong language");
    expect(await post(at, {})).toMatchObject({ status: 404, json: { error: { code: "gateway.no_task" } } });
  });

  test("schedules are paused and resumed; without the plugin it is said what to add", async () => {
    await using opened = await openGateway();
    expect(await get(`${opened.url}/api/schedules`)).toMatchObject({
      status: 503,
      json: { error: { code: "gateway.no_schedules", message: expect.stringContaining("schedules()") } },
    });
    const info = { name: "nightly", status: "waiting", next: 5 } as ScheduleInfo;
    const state = { ...info } as { -readonly [Key in keyof ScheduleInfo]: ScheduleInfo[Key] };
    const one: Schedule = {
      get info() {
        return { ...state };
      },
      pause: () => Object.assign(state, { status: "paused", next: undefined }) && undefined,
      resume: () => Object.assign(state, info) && undefined,
      end: () => {},
    };
    opened.kernel.provide("schedules", { name: "s", add: () => one, get: () => one, list: () => [one.info] });
    expect((await get(`${opened.url}/api/schedules`)).json).toMatchObject({ schedules: [{ name: "nightly" }] });
    const said: unknown[] = [];
    for (const verb of ["pause", "resume"])
      said.push((await post(`${opened.url}/api/schedules/nightly/${verb}`, {})).json);
    expect(said).toEqual([
      { status: "paused", next: null },
      { status: "waiting", next: 5 },
    ]);
  });
});

describe("plugins and budgets", () => {
  test("a plugin is rolled back, and its history says so", async () => {
    await using opened = await openGateway({}, version("1.0.0"));
    await opened.kernel.replace(version("2.0.0"));
    const back = () => post(`${opened.url}/api/plugins/weather/rollback`, {});
    expect(await back()).toMatchObject({ status: 200, json: { plugin: { version: "1.0.0", rollbacks: 0 } } });
    expect((await get(`${opened.url}/api/plugins/weather`)).json).toMatchObject({
      plugin: { version: "1.0.0" },
      history: [
        { version: "1.0.0", status: "replaced" },
        { version: "2.0.0", status: "rolled back" },
        { version: "1.0.0", status: "active" },
      ],
    });
    expect(await back()).toMatchObject({ status: 409, json: { error: { code: "plugin.no_previous" } } });
    expect((await get(`${opened.url}/api/plugins/wether`)).status).toBe(404);
  });

  test("one in quarantine is tried again; that it still does not work is said", async () => {
    let broken = false;
    await using opened = await openGateway();
    const weather = version("1.0.0", {
      setup(ctx) {
        if (broken) throw new Error("no key");
        ctx.receive("topic:sky", () => {
          throw new Error("no sky");
        });
      },
    });
    await opened.kernel.plug(weather);
    const status = () => opened.kernel.plugins().find(({ name }) => name === "weather")?.status;
    for (let fault = 0; fault < 5; fault++) await opened.kernel.send({ to: "topic:sky", type: "t" });
    await expect.poll(status).toBe("quarantined");
    const release = () => post(`${opened.url}/api/plugins/weather/release`, {});
    broken = true;
    expect(await release()).toMatchObject({
      status: 502,
      json: { error: { code: "plugin.setup_failed", message: expect.stringContaining("no key") } },
    });
    broken = false;
    expect(await release()).toMatchObject({ status: 200, json: { plugin: { status: "active" } } });
  });

  test("budgets say what is spent of what is allowed", async () => {
    await using opened = await openGateway();
    opened.kernel.budgets.add({ name: "all", scope: "kernel", limits: { calls: 10 } });
    await opened.kernel.invoke({ kind: "tool", name: "t", run: () => 1 } as const, {});
    expect((await get(`${opened.url}/api/budgets`)).json).toMatchObject({
      budgets: [{ name: "all", scope: "kernel", limits: { calls: 10 }, spent: { calls: 1 } }],
    });
  });
});

describe("who may steer", () => {
  const STEERING = [
    "agents/ann/stop",
    "agents/ann/interrupt",
    "letters/clear",
    "letters/replay",
    "tasks/t/cancel",
    "schedules/s/pause",
    "plugins/gateway/rollback",
  ];

  test("nobody, where the gateway was not granted control", async () => {
    const urls: string[] = [];
    await using kernel = await createKernel({
      plugins: [gateway({ port: 0, listening: (url) => void urls.push(url) })],
    });
    for (const route of STEERING) {
      const { status, json } = await post(`${urls[0]}/api/${route}`, {});
      expect([route, status, codeOf(json)]).toEqual([route, 503, "plugin.not_granted"]);
    }
    expect(kernel.plugins()).toHaveLength(1);
  });

  test("no page of a stranger, no form, and nobody without the token", async () => {
    await using opened = await openGateway({ token: "secret-token" });
    const sent = async (headers: Record<string, string>) =>
      Promise.all(
        STEERING.map(async (route) => {
          const { status } = await ask(`${opened.url}/api/${route}`, { method: "POST", headers, body: "{}" });
          return status;
        }),
      );
    const json = { "content-type": "application/json", authorization: "Bearer secret-token" };
    const all = (status: number) => STEERING.map(() => status);
    expect(await sent({ "content-type": "application/json" })).toEqual(all(401));
    expect(await sent({ ...json, origin: "https://evil.example" })).toEqual(all(403));
    expect(await sent({ ...json, "content-type": "application/x-www-form-urlencoded" })).toEqual(all(415));
    // The guard answers before anything is looked at: with everything right, the agent is not there.
    expect((await sent(json))[0]).toBe(404);
  });
});
