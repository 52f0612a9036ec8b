import { describe, expect, test } from "vitest";
import { agent } from "../../../test/agents.ts";
import { caught } from "../../../test/caught.ts";
import type { Agent, AgentLife } from "../../kinds/agent.ts";
import type { Supervision, Supervisor } from "../../kinds/supervisor.ts";
import { seededRandom } from "../../testing/ids.ts";
import { type TestKernel, testKernel } from "../../testing/kernel.ts";

const backoff = { jitter: 0 };

/** A kernel with supervisors and, under them, agents that note when they start and stop. */
async function house(supervisors: readonly Supervisor[], agents: Readonly<Record<string, Supervision>>) {
  const kernel = await testKernel();
  const log: string[] = [];
  const lives = new Map<string, AgentLife>();
  for (const one of [{ name: "kernel", backoff }, ...supervisors]) kernel.provide("supervisor", { backoff, ...one });
  const takes = new Map<string, () => void>();
  for (const [name, supervision] of Object.entries(agents)) {
    const one: Agent = agent(name, (input, call) => call.sleep(Number(input)).then(() => name), {
      supervision,
      start(life) {
        log.push(`+${name}`);
        lives.set(name, life);
      },
      stop: () => void log.push(`-${name}`),
    });
    takes.set(name, kernel.provide("agent", one));
  }
  await kernel.started();
  log.splice(0);
  const fail = async (name: string, ms: number) => {
    lives.get(name)?.failed(new Error(`${name} broke`));
    await kernel.clock.advance(ms);
  };
  return {
    kernel,
    log,
    fail,
    lives,
    takes,
    async [Symbol.asyncDispose]() {
      await kernel.end();
    },
  };
}
const under = (supervisor: string, more: Supervision = {}): Supervision => ({ supervisor, ...more });
const ask = (kernel: TestKernel, name: string, ms: number) =>
  caught(kernel.request({ to: `agent:${name}`, type: "x", body: ms }));

describe("strategies", () => {
  const three = { ann: under("team"), bob: under("team"), cid: under("team"), dan: {} };

  test.each<[Supervisor["strategy"], string[]]>([
    ["one-for-one", ["-bob", "+bob"]],
    ["one-for-all", ["-cid", "-bob", "-ann", "+ann", "+bob", "+cid"]],
    ["rest-for-one", ["-cid", "-bob", "+bob", "+cid"]],
  ])("%s: down in reverse order, up in the order they came", async (strategy, expected) => {
    await using home = await house([{ name: "team", strategy: strategy ?? "one-for-one" }], three);
    await home.fail("bob", 200);
    expect(home.log).toEqual(expected);
    expect(home.kernel.agents().every(({ status }) => status === "ready")).toBe(true);
  });

  test("turns of the others are cut short at once, although they wait for the one that failed", async () => {
    await using home = await house([{ name: "team", strategy: "one-for-all" }], three);
    const { kernel } = home;
    const results = [ask(kernel, "ann", 1e6), ask(kernel, "bob", 1e6), ask(kernel, "dan", 50)];
    await kernel.clock.advance(1);
    const waiting = ask(kernel, "ann", 1);
    await home.fail("bob", 200);
    expect(await Promise.all([...results, waiting])).toMatchObject([
      { code: "agent.restarted", retryable: true, message: expect.stringContaining('together with "agent:bob"') },
      { code: "agent.crashed" },
      "dan",
      "ann",
    ]);
  });

  test("failures that one restart makes good count once", async () => {
    await using home = await house([{ name: "team", strategy: "one-for-all", maxRestarts: 1 }], three);
    for (const name of ["ann", "bob", "cid"]) home.lives.get(name)?.failed(new Error("power cut"));
    await home.kernel.clock.advance(200);
    expect([home.log.length, home.kernel.supervisors()[1]]).toMatchObject([6, { failures: 1 }]);
    expect(home.kernel.agents().every(({ status }) => status === "ready")).toBe(true);
  });

  test("one that ended well is left out, and a temporary one does not come back", async () => {
    await using home = await house([{ name: "team", strategy: "one-for-all" }], {
      ...three,
      tim: under("team", { restart: "temporary" }),
    });
    home.lives.get("ann")?.done();
    await home.kernel.clock.advance(0);
    await home.fail("cid", 200);
    expect(home.log).toEqual(["-ann", "-tim", "-cid", "-bob", "+bob", "+cid"]);
    expect(home.kernel.agents().map(({ status }) => status)).toEqual(["stopped", "ready", "ready", "ready", "stopped"]);
  });

  test("taken away while all wait for the restart, one comes back no more and the others do", async () => {
    await using home = await house([{ name: "team", strategy: "one-for-all" }], three);
    await home.fail("bob", 50);
    home.takes.get("ann")?.();
    await home.kernel.clock.advance(200);
    expect(home.log).toEqual(["-cid", "-bob", "-ann", "+bob", "+cid"]);
  });
});

describe("escalation", () => {
  test("a supervisor that gives up is restarted by the one above, with all that is under it", async () => {
    await using home = await house(
      [
        { name: "top", strategy: "one-for-one", maxRestarts: 1 },
        { name: "team", supervisor: "top", maxRestarts: 2 },
      ],
      { ann: under("team"), bob: under("team"), cid: under("top") },
    );
    await home.fail("ann", 500);
    await home.fail("ann", 500);
    home.log.splice(0);
    await home.fail("ann", 500);
    expect(home.log).toEqual(["-bob", "-ann", "+ann", "+bob"]);
    expect(home.kernel.logged.map(({ message }) => message)).toContain(
      'What the supervisor "team" watches over failed more than 2 times within 5000 ms. Find out why, or allow it more. ann, bob are restarted in 100 ms.',
    );
  });

  test("what the kernel gives up is down for good, and its messages are dead letters", async () => {
    await using home = await house(
      [
        { name: "kernel", maxRestarts: 0, backoff },
        { name: "team", maxRestarts: 0 },
      ],
      { ann: under("team"), bob: under("team"), cid: {} },
    );
    const { kernel } = home;
    kernel.pauseAgent("bob");
    void kernel.send({ to: "agent:bob", type: "x", body: 1 });
    await home.fail("ann", 500);
    expect(kernel.agents().map(({ name, status }) => `${name} ${status}`)).toEqual([
      "ann failed",
      "bob stopped",
      "cid ready",
    ]);
    expect(kernel.deadLetters.list()).toMatchObject([{ to: "agent:bob", reason: { code: "agent.not_taking" } }]);
    expect(kernel.clock.pending).toBe(0);
  });

  test("one under the kernel that keeps failing does not use up the patience with the others", async () => {
    await using home = await house([], { ann: {}, bob: {} });
    for (let n = 0; n < 4; n++) await home.fail("ann", 900);
    await home.fail("bob", 900);
    expect(home.kernel.agents().map(({ status, restarts }) => [status, restarts])).toEqual([
      ["failed", 3],
      ["ready", 1],
    ]);
  });
});

describe("who watches over whom", () => {
  const supervisorOf = (kernel: TestKernel) => kernel.agents().map(({ supervisor }) => supervisor);

  test("one that names a supervisor that is not there is under the kernel until it comes, and again when it goes", async () => {
    await using home = await house([], { ann: under("team") });
    const { kernel } = home;
    const before = supervisorOf(kernel);
    const take = kernel.provide("supervisor", { name: "team", maxRestarts: 7 });
    const during = supervisorOf(kernel);
    take();
    expect([before, during, supervisorOf(kernel)]).toEqual([["kernel"], ["team"], ["kernel"]]);
    await home.fail("ann", 200);
    expect(home.log).toEqual(["-ann", "+ann"]);
  });

  test("supervisors that name each other in a circle are under the kernel", async () => {
    await using home = await house(
      [
        { name: "one", supervisor: "two", maxRestarts: 0 },
        { name: "two", supervisor: "one", maxRestarts: 0 },
      ],
      { ann: under("one") },
    );
    expect(home.kernel.supervisors().map(({ supervisor }) => supervisor)).toEqual([undefined, "kernel", "kernel"]);
    await home.fail("ann", 200);
    expect(home.log).toEqual(["-ann", "+ann"]);
  });

  test("what a supervisor says that cannot be followed is said in the log, and the defaults hold", async () => {
    await using home = await house(
      [
        {
          name: "team",
          maxRestarts: Number.NaN,
          within: -1,
          strategy: "all" as never,
          backoff: { first: -5, jitter: 0 },
        },
      ],
      { ann: under("team") },
    );
    expect(home.kernel.logged.map(({ message }) => message)).toEqual([
      'Of the supervisor "team" this cannot be followed: maxRestarts, within, first, strategy. The defaults hold instead; give amounts from 0 on, and a strategy that exists.',
    ]);
    expect(home.kernel.supervisors()[1]).toMatchObject({ strategy: "one-for-one", maxRestarts: 3, within: 5000 });
    await home.fail("ann", 99);
    expect(home.log).toEqual(["-ann"]);
    await home.kernel.clock.advance(1);
    expect(home.log).toEqual(["-ann", "+ann"]);
  });

  test("the tree shows supervisors, strategies, restarts used, and their agents", async () => {
    await using home = await house(
      [
        { name: "top", strategy: "rest-for-one" },
        { name: "team", supervisor: "top", strategy: "one-for-all", maxRestarts: 5 },
      ],
      { ann: under("team"), bob: under("top"), cid: {} },
    );
    await home.fail("ann", 200);
    const asked = ask(home.kernel, "cid", 0);
    await home.kernel.clock.advance(0);
    await asked;
    expect(home.kernel.tree().split("\n\n")[1]?.split("\n")).toEqual([
      "supervisor kernel  one-for-one, at most 3 restarts each within 5000 ms",
      "├─ supervisor top  rest-for-one, at most 3 restarts within 5000 ms",
      "│  ├─ supervisor team  one-for-all, at most 5 restarts within 5000 ms, 1 lately",
      "│  │  └─ ann  ready  restarts 1",
      "│  └─ bob  ready",
      "└─ cid  ready  handled 1",
    ]);
  });
});

test("whatever fails and whenever, each message is handled once or is a dead letter, by one life at a time", async () => {
  const seed = 20_260_101;
  const random = seededRandom(seed);
  const strategies = ["one-for-one", "one-for-all", "rest-for-one"] as const;
  for (const strategy of strategies) {
    await using kernel = await testKernel();
    for (const name of ["kernel", "team"]) kernel.provide("supervisor", { name, strategy, maxRestarts: 1e6 });
    const names = ["ann", "bob", "cid", "dan"];
    const ended: number[] = [];
    const lives = new Map<string, AgentLife>();
    let two = 0;
    for (const name of names) {
      let now = 0;
      const one = agent(
        name,
        async (input: number, call) => {
          if (++now > 1) two++;
          await call.sleep(Math.floor(random() * 40)).finally(() => now--);
          ended.push(input);
        },
        {
          supervision: under("team", { redeliver: 2 }),
          start(life) {
            if (now > 0) two++;
            lives.set(name, life);
            if (random() < 0.2) throw new Error("bad start");
          },
          stop() {
            if (random() < 0.1) throw new Error("bad stop");
          },
        },
      );
      kernel.provide("agent", one);
    }
    const pick = () => names[Math.floor(random() * names.length)] as string;
    let told = 0;
    for (let round = 0; round < 300; round++) {
      const dice = random();
      if (dice < 0.6) void kernel.send({ to: `agent:${pick()}`, type: "x", body: told++ });
      else if (dice < 0.68) lives.get(pick())?.failed(new Error("broke"));
      else if (dice < 0.7) void kernel.restartAgent(pick()).catch(() => {});
      else await kernel.clock.advance(Math.floor(random() * 60));
    }
    await kernel.clock.advance(3_600_000);
    const dead = kernel.deadLetters.list().map(({ message }) => message.body as number);
    const all = [...ended, ...dead].sort((left, right) => left - right);
    expect(
      [two, kernel.agents().map(({ status, queued }) => `${status} ${queued}`), all],
      `seed ${seed}, ${strategy}`,
    ).toEqual([0, Array(4).fill("ready 0"), Array.from({ length: told }, (_, n) => n)]);
  }
});
