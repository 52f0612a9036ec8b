// One flow of everything that a run can do or wait for, and what must hold of it however often its process died.
import { defineWorkflow, type Engine, inMemoryJournal, isMofaError, type RunRecord, type Tool } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { all, continueAsNew, race } from "../src/index.ts";
import {
  createWorld,
  LEASE_MS,
  type Life,
  type LifeOptions,
  pass,
  tool,
  turns,
  type World,
  writingJournal,
} from "./world.ts";

const QUEUES = [
  { name: "mains", concurrency: 1 },
  { name: "kids", concurrency: 1 },
];

const turnOf = (turn: number) => ({
  charged: `charge ${turn}`,
  booked: `book ${turn}`,
  parts: { paid: `paid ${turn}`, order: `order ${turn}`, answer: "yes", small: `small ${turn}` },
  first: { winner: "timer", value: `late ${turn}` },
  silence: null,
  kids: [turn * 10 + 1, turn * 10 + 2].map((n) => `kid ${n}`),
});

/** What is seen when nothing dies, and must be seen whatever dies. */
export const RIGHT = {
  ended: ["done", "done", "done", "done", "done", "done"],
  output: [turnOf(1), turnOf(2)],
  turn: 1,
  next: "next",
  repeated: [],
  chargedTwice: [],
  told: 2,
  documents: [
    ["turn 1", 1],
    ["turn 2", 2],
  ],
  answers: ["answered", "answered"],
  mostAtATime: { mains: 1, kids: 1, partition: 1 },
  left: { signals: 0, listens: 0, letters: 0, owned: 0, timers: [] },
  orphans: [],
};

/** Two turns of everything; the second ends. Each of its steps notes that it ran, and whether it was kept before. */
function story(world: World) {
  const repeated: string[] = [];
  const charged: string[] = [];
  const told = new Set<string>();
  const step = (name: string, more: Partial<Tool> = {}, work: (n: number) => unknown = () => {}) =>
    tool(
      name,
      async ({ n }, call) => {
        if (world.kept.has(call.run?.key ?? "")) repeated.push(call.run?.key ?? "");
        await work(Number(n));
        if (more.effect === "tx") await call.run?.write({ type: "put", id: `turn ${String(n)}`, body: Number(n) });
        return `${name} ${String(n)}`;
      },
      more,
    );
  const charge = step("charge", { effect: "once" }, (n) => void charged.push(`charge ${n}`));
  const book = step("book", { effect: "tx" });
  const [small, late, kid] = ["small", "late", "kid"].map((name) => step(name)) as [Tool, Tool, Tool];
  const child = defineWorkflow({
    name: "child",
    version: "1",
    input: { type: "object" },
    async run(given, call) {
      await call.sleep(300);
      return call.invoke(kid, given);
    },
  });
  const main = defineWorkflow({
    name: "main",
    version: "1",
    input: { type: "object" },
    async run(given, call): Promise<unknown> {
      const { turn = 1, before = [] } = given as { turn?: number; before?: unknown[] };
      const n = { n: turn };
      const charging = call.invoke(charge, n).catch((error: unknown) => {
        // A charge in doubt is not repeated: it is looked up.
        if (isMofaError(error, "step.in_doubt")) return `charge ${turn}`;
        throw error;
      });
      const did = { charged: await charging, booked: await call.invoke(book, n) };
      await call.send({ to: "topic:told", type: "turn", body: turn });
      const engine = call.get("engine", "runs");
      const kids = [];
      for (const each of [turn * 10 + 1, turn * 10 + 2])
        kids.push(await engine.start(child, { n: each }, { under: call, queue: "kids" }));
      const parts = await all(call, {
        paid: async (own) => (await own.hear("paid"))?.body,
        order: async (own) => (await own.hear("topic:orders.*"))?.body,
        answer: async (own) => (await own.ask({ title: `Go on with ${turn}?`, options: ["yes", "no"] })).value,
        small: (own) => own.invoke(small, n),
      });
      const first = await race(call, {
        nobody: (own) => own.hear("topic:never"),
        timer: async (own) => {
          await own.sleep(1500);
          return own.invoke(late, n);
        },
      });
      const silence = (await call.hear("topic:silence", { timeout: 2500 })) ?? null;
      const done = { ...did, parts, first, silence, kids: await Promise.all(kids.map((each) => each.result())) };
      const turns = [...before, done];
      return turn === 2 ? turns : continueAsNew(call, { turn: 2, before: turns });
    },
  });
  const next = tool("next", () => "next");
  const bring = (kernel: Kernel) => {
    for (const each of [charge, book, small, late, kid, next]) kernel.provide("tool", each);
    for (const each of [main, child]) kernel.provide("workflow", each);
    kernel.watch({ type: "message.sent" }, (event) => {
      if (event.type === "message.sent" && event.to === "topic:told") told.add(event.id);
    });
  };
  const seen = () => ({
    repeated,
    chargedTwice: charged.filter((each, index) => charged.indexOf(each) !== index),
    told: told.size,
  });
  return { main, next, bring, seen };
}

/** A world with the flow of everything in it, whose processes may die; the next one comes after a pause. */
export function createEverything(pauseMs: number) {
  const { clock } = createWorld();
  const { writing, documents } = writingJournal(inMemoryJournal({ clock }));
  const world = createWorld(clock, writing);
  const { main, next, bring, seen } = story(world);
  const most = { mains: 0, kids: 0, partition: 0 };
  const timers: number[] = [];
  const orphans: string[] = [];

  /** Counts what is at work together. */
  function count(runs: readonly RunRecord[]): void {
    const ownedOf = (name: string) => runs.filter(({ queue, owner }) => queue === name && owner !== undefined).length;
    const begun = runs.filter(
      ({ partition, startedAt, finishedAt }) =>
        partition !== undefined && startedAt !== undefined && finishedAt === undefined,
    ).length;
    most.mains = Math.max(most.mains, ownedOf("mains"));
    most.kids = Math.max(most.kids, ownedOf("kids"));
    most.partition = Math.max(most.partition, begun);
  }

  /** A client that does not hear whether its start was kept starts again with the same id. */
  async function begin(engine: Engine): Promise<void> {
    const place = { queue: "mains", partition: "p" };
    await engine.start(main, {}, { id: "r", ...place }).catch(() => {});
    // The next one of its partition, which must not begin before the first has ended.
    if ((await world.journal.get("r")) !== undefined)
      await engine.start(next, {}, { id: "s", ...place }).catch(() => {});
  }

  /** Says it all, again and again under the same ids; in the first turn one after the other, while the run is parked. */
  async function speak({ engine, kernel }: Life): Promise<void> {
    const record = await world.journal.get("r");
    if (record === undefined || record.finishedAt !== undefined) return;
    const turn = record.turn + 1;
    const words = [
      () => kernel.send({ to: "topic:orders.new", type: "order", body: `order ${turn}`, id: `order${turn}` }),
      () => engine.open("r").signal("paid", `paid ${turn}`, { id: `paid${turn}` }),
      async () => {
        for (const { token } of await world.journal.tasks({ status: "open" }))
          await engine.decide(token, { value: "yes", by: "ann" });
      },
    ];
    const parked = record.status === "waiting" && record.owner === undefined;
    const heard = (await world.journal.rows("r")).filter(({ type }) => type === "signal").length;
    const now = turn === 2 ? words : parked ? words.slice(heard, heard + 1) : [];
    // Whoever dies while it listens says so to whoever speaks.
    for (const say of now) {
      try {
        await say();
      } catch {
        return;
      }
    }
  }

  /** Lets one process live until all is done or it dies; gives whether all is done. */
  async function live(dying: Pick<LifeOptions, "dies" | "points"> = {}): Promise<boolean> {
    const life = await world.live({ bring, parkAfterMs: 1000, queues: QUEUES, ...dying });
    await begin(life.engine);
    let ended = false;
    for (let round = 0; round < 150 && !ended && !life.dead; round++) {
      await pass(world, 200);
      await speak(life);
      const runs = await world.journal.list();
      count(runs);
      ended = runs.length === RIGHT.ended.length && runs.every(({ finishedAt }) => finishedAt !== undefined);
    }
    // What was said in the end is forgotten, and what nobody listens to any more is not followed.
    await pass(world, 300);
    await turns();
    await life.kernel.end();
    if (world.clock.pending > 0) timers.push(world.clock.pending);
    orphans.push(...life.logged.filter((said) => said.includes("ended without asking for")));
    world.clock.jump(pauseMs);
    return ended && !life.dead;
  }

  async function result() {
    const { journal } = world;
    // A letter that a dead process was sending is nobody's by now.
    world.clock.jump(LEASE_MS);
    const runs = await journal.list();
    const [r, s] = [await journal.get("r"), await journal.get("s")];
    return {
      ended: runs.map(({ status }) => status),
      output: r?.output,
      turn: r?.turn,
      next: s?.output,
      ...seen(),
      documents: [...documents],
      answers: (await journal.tasks()).map(({ status }) => status),
      mostAtATime: most,
      left: {
        signals: (await journal.signals("r")).length,
        listens: (await journal.listens()).length,
        letters: (await journal.letters({ worker: "w", leaseMs: 0, limit: 100 })).length,
        owned: (await journal.list({ owned: true })).length,
        timers,
      },
      orphans,
    };
  }
  return { live, result };
}
