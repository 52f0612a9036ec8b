// A journal that outlives kernels, and kernels that can be made to crash at any call of it.
import {
  type Call,
  type Clock,
  definePlugin,
  defineTool,
  type Engine,
  inMemoryJournal,
  type Journal,
  type JournalRow,
  type Tool,
} from "@mofa/kernel";
import { createKernel, type Kernel } from "@mofa/kernel/host";
import { countedIds } from "@mofa/kernel/testing";
import { type WorkflowOptions, workflow } from "../src/index.ts";

/** A clock that jumps: what is due is called back at once, nobody is waited for. */
export interface JumpClock extends Clock {
  jump(ms: number): void;
  readonly pending: number;
}

function jumpClock(): JumpClock {
  const timers = new Map<number, { readonly due: number; readonly callback: () => void }>();
  let now = Date.UTC(2026, 0, 1);
  let count = 0;
  return {
    now: () => now,
    monotonic: () => now,
    epochOf: (monotonic) => monotonic,
    after(ms, callback) {
      const id = ++count;
      timers.set(id, { due: now + ms, callback });
      return () => void timers.delete(id);
    },
    jump(ms) {
      const until = now + ms;
      for (;;) {
        const next = [...timers].filter(([, { due }]) => due <= until).sort(([, a], [, b]) => a.due - b.due)[0];
        if (next === undefined) break;
        timers.delete(next[0]);
        now = Math.max(now, next[1].due);
        next[1].callback();
      }
      now = until;
    },
    get pending() {
      return timers.size;
    },
  };
}

export interface World {
  readonly clock: JumpClock;
  readonly journal: Journal;
  /** Keys of steps whose results the journal has. */
  readonly kept: Set<string>;
  /** Opens a kernel with an engine on the journal. */
  live(options?: LifeOptions): Promise<Life>;
}

export interface LifeOptions extends WorkflowOptions {
  /** Called before and after each writing call: true means that the process dies there. */
  readonly dies?: (when: "before" | "after", method: string) => boolean;
  /** Brings actions. */
  readonly bring?: (kernel: Kernel) => void;
}

export interface Life extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly engine: Engine;
  readonly logged: readonly string[];
  /** Resolves when the process has died. */
  readonly died: Promise<void>;
  readonly dead: boolean;
  /** Dies now. */
  kill(): void;
  /** Resolves with the status when a run has ended in this life. */
  ended(run: string): Promise<string>;
}

/** Lets everything that is ready happen. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Lets time pass so slowly that leases are renewed. */
export async function pass({ clock }: World, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    clock.jump(Math.min(left, 500));
    await turns(5);
  }
}

const WRITES = ["create", "claim", "append", "renew", "cancel", "answer"] as const;
// A dead process does these no more either, but they are no points at which it dies.
const OTHERS = [
  ...["rows", "get", "list", "tasks", "task", "counts", "prune", "requeue"],
  ...["signal", "signals", "listens", "topics", "letters", "sent"],
] as readonly Exclude<keyof Journal, "name" | "transactional">[];

export function createWorld(clock = jumpClock(), journal = inMemoryJournal({ clock })): World {
  const kept = new Set<string>();
  let lives = 0;
  return {
    clock,
    journal,
    kept,
    async live({ dies = () => false, bring = () => {}, ...options } = {}) {
      const ids = countedIds(++lives);
      const life = lives;
      const mortal = mortalJournal(journal, kept, dies);
      const logged: string[] = [];
      const kernel = await createKernel({
        clock,
        log: ({ message }) => void logged.push(message),
        ids: { ...ids, unique: () => `l${life}${ids.unique()}` },
        plugins: [journalPlugin(mortal.journal)],
      });
      bring(kernel);
      // Processes die here as a matter of course: that makes no run dead.
      await kernel.plug(workflow({ leaseMs: 3000, pollMs: 100, maxTakeovers: 1000, ...options }));
      const ends = new Map<string, string>();
      const waiting = new Map<string, (status: string) => void>();
      kernel.watch({ type: "run.changed" }, (event) => {
        if (event.type !== "run.changed" || !["done", "failed", "cancelled"].includes(event.status)) return;
        ends.set(event.run, event.status);
        waiting.get(event.run)?.(event.status);
      });
      return {
        kernel,
        engine: kernel.get("engine", "runs"),
        logged,
        died: mortal.died,
        get dead() {
          return mortal.dead();
        },
        kill: mortal.kill,
        ended: (run) =>
          new Promise((resolve) => (ends.has(run) ? resolve(ends.get(run) ?? "") : waiting.set(run, resolve))),
        [Symbol.asyncDispose]: () => kernel.end(),
      };
    },
  };
}

function journalPlugin(journal: Journal) {
  return definePlugin({ name: "journal", version: "1.0.0", setup: (ctx) => void ctx.provide("journal", journal) })();
}

function mortalJournal(journal: Journal, kept: Set<string>, dies: NonNullable<LifeOptions["dies"]>) {
  let dead = false;
  let die = () => {};
  const died = new Promise<void>((resolve) => {
    die = () => {
      dead = true;
      resolve();
    };
  });
  const gone = () => new Error("this process is dead");
  const mortal = { ...journal } as Record<string, unknown>;
  for (const method of [...WRITES, ...OTHERS] as const) {
    const real = journal[method] as (...given: unknown[]) => Promise<unknown>;
    const writes = (WRITES as readonly string[]).includes(method);
    mortal[method] = async (...given: unknown[]) => {
      if (!dead && writes && dies("before", method)) die();
      if (dead) throw gone();
      const answer = await real(...given);
      if (method === "append") note(given[0] as { rows: JournalRow[]; run: string }[], answer as string[], kept);
      if (!dead && writes && dies("after", method)) die();
      if (dead) throw gone();
      return answer;
    };
  }
  return { journal: mortal as unknown as Journal, died, dead: () => dead, kill: die };
}

function note(
  batch: readonly { rows: readonly JournalRow[]; run: string }[],
  answers: readonly string[],
  kept: Set<string>,
) {
  for (const [index, { rows, run }] of batch.entries()) {
    if (answers[index] !== "kept") continue;
    for (const row of rows) if (row.type === "step") kept.add(`${run}/${row.key}`);
  }
}

const anything = { type: "object" };

/** A tool that takes any object. */
export function tool(
  name: string,
  run: (input: Readonly<Record<string, unknown>>, call: Call) => unknown,
  more: Partial<Tool> = {},
): Tool {
  return { ...defineTool({ name, input: anything, run }), ...more };
}
