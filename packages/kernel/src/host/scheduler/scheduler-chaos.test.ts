import { expect, test } from "vitest";
import { agent } from "../../../test/agents.ts";
import type { Agent } from "../../kinds/agent.ts";
import type { Task, TaskDraft } from "../../kinds/scheduler.ts";
import { PRIORITIES } from "../../message.ts";
import { seededRandom } from "../../testing/ids.ts";
import { testKernel } from "../../testing/kernel.ts";

interface Seen {
  readonly task: Task;
  readonly draft: TaskDraft;
  /** How often its promise was settled, and how. */
  settled: string[];
  ran: number;
}

/** Does random things to a scheduler for a while; gives what became of every task. */
async function chaos(seed: number, steps: number) {
  const random = seededRandom(seed);
  const upTo = (count: number) => Math.floor(random() * count);
  const pick = <T>(list: readonly T[]): T => list[upTo(list.length)] as T;
  const problems: string[] = [];
  const seen: Seen[] = [];
  const active = new Map<string | Agent, number>();
  const names = ["ann", "bob", "cid", "dee", "eve"];
  const places = new Map(names.map((name, index) => [name, 1 + (index % 3)]));
  await using kernel = await testKernel();
  const { scheduler, clock } = kernel;
  const there = new Map<string, () => void>();

  const count = (key: string | Agent, by: number, most: number) => {
    const now = (active.get(key) ?? 0) + by;
    active.set(key, now);
    if (now > most) problems.push(`${typeof key === "string" ? key : key.name} had ${now} at a time, not ${most}`);
  };
  const make = (name: string): Agent => {
    const mine = names.indexOf(name) % 2 === 0 ? ["r", "even"] : ["r"];
    const made: Agent = agent(
      name,
      async (input, call) => {
        const one = seen[input as number] as Seen | undefined;
        if (one !== undefined) one.ran++;
        // Messages take turns of the agent, but are no tasks of the role.
        const ofRole = one !== undefined && mine.includes("even") ? 1 : 0;
        count(made, 1, places.get(name) ?? 1);
        count("even", ofRole, 3);
        try {
          if (random() < 0.1) throw new Error("bad luck");
          // Some heed their signal, some do not.
          if (random() < 0.3) await new Promise<void>((resolve) => void clock.after(1 + upTo(9), resolve));
          else await call.sleep(1 + upTo(9));
          return input;
        } finally {
          count(made, -1, 99);
          count("even", -ofRole, 99);
        }
      },
      { roles: mine, capabilities: name < "d" ? ["x"] : ["x", "y"], concurrency: places.get(name) ?? 1 },
    );
    return made;
  };
  const toggle = (name: string) => {
    const leave = there.get(name);
    leave?.();
    if (leave === undefined) there.set(name, kernel.provide("agent", make(name)));
    else there.delete(name);
  };
  const submit = () => {
    const wants = pick<Partial<TaskDraft>>([
      { agent: pick(names) },
      { role: "r" },
      { role: "even", capabilities: ["x"] },
      { capabilities: ["y"] },
    ]);
    const draft: TaskDraft = {
      ...wants,
      input: seen.length,
      priority: pick(PRIORITIES),
      preemptible: random() < 0.6,
      unmatched: random() < 0.7 ? "park" : "refuse",
      ...(random() < 0.2 ? { deadline: clock.now() + upTo(60) } : {}),
      ...(random() < 0.5 ? { tenant: pick(["a", "b", "c"]) } : {}),
    };
    // It may begin before submit gives it back.
    const one: { -readonly [Key in keyof Seen]: Seen[Key] } = {
      task: undefined as unknown as Task,
      draft,
      settled: [],
      ran: 0,
    };
    seen.push(one);
    one.task = scheduler.submit(draft);
    one.task.result.then(
      () => one.settled.push("done"),
      (error) => one.settled.push(String(error.code ?? "failed")),
    );
  };

  for (const name of names) toggle(name);
  scheduler.limit("even", 3);
  await kernel.started();
  for (let step = 0; step < steps; step++) {
    for (let n = upTo(4); n > 0; n--) submit();
    if (random() < 0.15) pick<Seen | undefined>(seen)?.task.cancel();
    if (random() < 0.05) toggle(pick(names));
    if (random() < 0.1 && there.size > 0) void kernel.send({ to: "role:r", type: "x", body: -1 });
    await clock.advance(upTo(4));
  }
  for (const name of names) if (!there.has(name)) toggle(name);
  await clock.advance(20_000);
  return { seen, problems, left: scheduler.list(), timers: clock.pending };
}

test.each([1, 7, 20_261])(
  "every task ends exactly once and nobody gets too much, whatever happens (seed %i)",
  async (seed) => {
    const { seen, problems, left, timers } = await chaos(seed, 200);
    expect(problems, `seed ${seed}`).toEqual([]);
    expect([left, timers], `seed ${seed}`).toEqual([[], 0]);
    const odd = seen.filter(
      ({ settled, task }) => settled.length !== 1 || !["done", "failed", "cancelled"].includes(task.status),
    );
    expect(odd, `seed ${seed}`).toEqual([]);
    // It was worth something only if all of this came about.
    const ends = new Set(seen.flatMap(({ settled }) => settled));
    expect([...ends].sort(), `seed ${seed}`).toEqual([
      "done",
      "failed",
      "task.cancelled",
      "task.deadline",
      "task.unmatched",
    ]);
    expect(
      seen.some(({ ran }) => ran > 1),
      `seed ${seed}`,
    ).toBe(true);
    const twice = seen.filter(({ ran, draft }) => ran > 1 && draft.preemptible !== true);
    expect(twice, `seed ${seed}`).toEqual([]);
  },
);

test.each([3, 99])("low is served within a bound under a flood of everything else (seed %i)", async (seed) => {
  const random = seededRandom(seed);
  await using kernel = await testKernel();
  const begun: unknown[] = [];
  const run: Agent["run"] = async (input, call) => {
    begun.push(input);
    await call.sleep(1);
  };
  kernel.provide("agent", agent("ann", run, { roles: ["r"], capabilities: ["x"] }));
  await kernel.started();
  const { scheduler, clock } = kernel;
  const waiting = new Map<number, number>();
  const waits: number[] = [];
  for (let step = 0; step < 400; step++) {
    // Twice as much as can be done, in three classes and of three tenants.
    for (let n = 0; n < 2; n++) {
      const wants = [{ agent: "ann" }, { role: "r" }, { capabilities: ["x"] }][Math.floor(random() * 3)];
      const priority = (["critical", "high"] as const)[Math.floor(random() * 2)] ?? "high";
      scheduler.submit({
        ...wants,
        input: priority,
        priority,
        tenant: ["a", "b", "c"][Math.floor(random() * 3)] ?? "a",
      });
    }
    if (step % 40 === 0) {
      scheduler.submit({ agent: "ann", input: step, priority: "low", preemptible: true });
      waiting.set(step, begun.length);
    }
    await clock.advance(1);
    for (const [name, since] of waiting) {
      const at = begun.indexOf(name);
      if (at < 0) continue;
      waits.push(at - since);
      waiting.delete(name);
    }
  }
  expect([waiting.size <= 1, Math.max(...waits) <= 32, waits.length >= 8], `seed ${seed}: ${waits}`).toEqual([
    true,
    true,
    true,
  ]);
});
