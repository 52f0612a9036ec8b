// A journal that outlives kernels, and kernels that can be made to crash at any call of it.
import {
  type AppendOutcome,
  type Call,
  type Clock,
  definePlugin,
  defineTool,
  type Engine,
  inMemoryJournal,
  type Journal,
  type RunAppend,
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
  /** Called before each writing call, and after it with its answer: true means that the process dies there. */
  readonly dies?: (when: "before" | "after", method: string, answer?: unknown) => boolean;
  /** The methods that `dies` hears of. Default: those that write for the engine's own sake. */
  readonly points?: readonly string[];
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

/** How long the next process has to wait for a run of one that died, unless it comes later anyway. */
export const LEASE_MS = 3000;

const WRITES = ["create", "claim", "append", "renew", "cancel", "answer"] as const;
// A dead process does these no more either, but they are no points at which it dies.
const OTHERS = [
  ...["rows", "get", "list", "tasks", "task", "counts", "prune", "requeue"],
  ...["signal", "signals", "listens", "topics", "letters", "sent"],
] as readonly Exclude<keyof Journal, "name" | "transactional">[];

export function createWorld(clock = jumpClock(), journal = inMemoryJournal({ clock })): World {
  const kept = new Set<string>();
  const note = noteKept(kept);
  let lives = 0;
  return {
    clock,
    journal,
    kept,
    async live({ dies = () => false, points = WRITES, bring = () => {}, ...options } = {}) {
      const ids = countedIds(++lives);
      const life = lives;
      const mortal = mortalJournal(journal, { note, dies, points });
      const logged: string[] = [];
      const kernel = await createKernel({
        clock,
        log: ({ message }) => void logged.push(message),
        ids: { ...ids, unique: () => `l${life}${ids.unique()}` },
        plugins: [journalPlugin(mortal.journal)],
      });
      bring(kernel);
      // Processes die here as a matter of course: that makes no run dead.
      await kernel.plug(workflow({ leaseMs: LEASE_MS, pollMs: 100, maxTakeovers: 1000, ...options }));
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

interface Mortality {
  readonly dies: NonNullable<LifeOptions["dies"]>;
  readonly points: readonly string[];
  note(batch: readonly RunAppend[], answers: readonly AppendOutcome[]): void;
}

function mortalJournal(journal: Journal, { note, dies, points }: Mortality) {
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
    const isPoint = points.includes(method);
    mortal[method] = async (...given: unknown[]) => {
      if (!dead && isPoint && dies("before", method)) die();
      if (dead) throw gone();
      const answer = await real(...given);
      if (method === "append") note(given[0] as RunAppend[], answer as AppendOutcome[]);
      if (!dead && isPoint && dies("after", method, answer)) die();
      if (dead) throw gone();
      return answer;
    };
  }
  return { journal: mortal as unknown as Journal, died, dead: () => dead, kill: die };
}

/** Notes the keys of kept steps, as `call.run.key` gives them: each turn of a run has its own. */
function noteKept(kept: Set<string>): Mortality["note"] {
  const turns = new Map<string, number>();
  return (batch, answers) => {
    for (const [index, { rows, run, update }] of batch.entries()) {
      if (answers[index] !== "kept") continue;
      const turn = turns.get(run) ?? 0;
      const name = turn === 0 ? run : `${run}~${turn + 1}`;
      for (const row of rows) if (row.type === "step") kept.add(`${name}/${row.key}`);
      if (update?.restart !== undefined) turns.set(run, turn + 1);
    }
  };
}

/** A journal that can write, into a map of documents; one that is there already is refused. */
export function writingJournal(journal: Journal) {
  const documents = new Map<string, unknown>();
  const does = ({ writes = [] }: Pick<RunAppend, "writes">) =>
    writes.every((write) => write.type === "put" && !documents.has(write.id));
  const writing: Journal = {
    ...journal,
    transactional: true,
    async append(batch) {
      const outcomes: AppendOutcome[] = [];
      for (const { writes, ...part } of batch) {
        if (!does({ ...(writes !== undefined && { writes }) })) {
          outcomes.push({ refused: { code: "document.conflict", message: "It is there.", retryable: false } });
          continue;
        }
        const [outcome = "fenced" as const] = await journal.append([part]);
        if (outcome === "kept")
          for (const write of writes ?? []) if (write.type === "put") documents.set(write.id, write.body);
        outcomes.push(outcome);
      }
      return outcomes;
    },
  };
  return { writing, documents };
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
