// Runs the action of a run on a copy of what it has kept, and says how far it gets.
//
// 1. The copy is in memory and has an engine of its own: nothing is written, told or sent that anybody else could see.
// 2. Nothing that the run has not kept is begun (see dry-frames.ts).
// 3. It ends with the engine, which stops all that is held.
import {
  type AnyAction,
  createLog,
  type ErrorJson,
  inMemoryJournal,
  type Journal,
  type JournalRow,
  type KindName,
  type Middleware,
  type NewRow,
  type PluginContext,
  RUN_ENDS,
  type RunRecord,
  type WrapOptions,
} from "@mofa/kernel";
import { reviveWorkflow } from "../graph/revive.ts";
import { createEngine, type RunsEngine } from "../run/engine.ts";
import { createDryFrames, type DryFrames } from "./dry-frames.ts";

/** How far a run gets with what it has kept. */
export interface Reached {
  /** The keys of what it would do next, or waits for. */
  readonly next: readonly string[];
  /** The keys of steps that it has kept and that nobody asked for. */
  readonly orphans: readonly string[];
  /** Set where it ended without doing anything new: what it failed with, or null. */
  readonly ended?: ErrorJson | null;
}

/** What it needs of its kernel. */
export interface ReplayHost extends Pick<PluginContext, "clock" | "ids" | "find" | "get" | "list" | "invoke"> {
  wrap(middleware: Middleware, options?: WrapOptions): () => void;
}

export interface DryRun {
  readonly record: RunRecord;
  readonly rows: readonly JournalRow[];
  readonly action: AnyAction;
  readonly journal: Journal;
}

const LONG = 86_400_000;

/** Says how far an open run gets. */
export async function dryRun(host: ReplayHost, { record, rows, action, journal }: DryRun): Promise<Reached> {
  // It knows its own frames only once it is there.
  const known: { runs?: RunsEngine } = {};
  const frames = createDryFrames((each) => known.runs?.journalOf(each));
  const copy = await copyOf({ record, rows, action, journal }, host, frames);
  const stop = new AbortController();
  const context = dryContext(host, { action, copy, trace: `replay-check:${record.id}`, signal: stop.signal });
  const runs = createEngine(context, {
    maxConcurrent: 1,
    leaseMs: LONG,
    decisions: "wait",
    pollMs: LONG,
    parkAfterMs: LONG,
    queues: [],
    maxTakeovers: Number.MAX_SAFE_INTEGER,
    maxRows: Number.MAX_SAFE_INTEGER,
    retention: {},
    // The action is what it is to be tried with.
    revive: (given) => given,
  });
  known.runs = runs;
  const unwrap = host.wrap(frames.wrapper, { place: "durable" });
  let ended = false;
  try {
    const handle = runs.engine.open(record.id);
    runs.recover();
    await frames.quiet(() => ended);
    ended = RUN_ENDS.includes(await handle.status());
    const { error } = await handle.record();
    const added = (await copy.rows(record.id)).slice(rows.length).filter(isNext);
    return {
      next: [...new Set([...frames.held, ...added.map(({ key }) => key)])],
      orphans: frames.orphans(),
      ...(ended && { ended: error ?? null }),
    };
  } finally {
    stop.abort();
    await runs.stop();
    unwrap();
  }
}

/** Of what is new in the copy, values show nothing but a sleep. */
function isNext({ type, name }: JournalRow): boolean {
  return type === "ask" || type === "begin" || type === "child" || (type === "value" && name === "sleep");
}

/** A journal in memory that knows this run, as it is; of its questions, the answers that there are. */
async function copyOf({ record, rows, journal }: DryRun, { clock }: ReplayHost, frames: DryFrames) {
  const memory = inMemoryJournal({ clock, name: journal.name });
  const { id, kind, name, input, tenant } = record;
  const kept = rows.map(({ seq: _, ...row }): NewRow => row);
  await memory.create({ id, kind, name, input, ...(tenant !== undefined && { tenant }) }, undefined, { rows: kept });
  for (const { run, id: signal, name: said, body } of await journal.signals(id))
    await memory.signal({ run, id: signal, name: said, body });
  return {
    ...memory,
    append(batch: Parameters<Journal["append"]>[0]) {
      frames.move();
      return memory.append(batch);
    },
    async task(token: string) {
      frames.move();
      return (await memory.task(token)) ?? (await journal.task(token));
    },
    // Children that the run has begun have ended there, not here.
    async list(filter: Parameters<Journal["list"]>[0]) {
      const here = await memory.list(filter);
      const ids = filter?.ids?.filter((each) => each !== id && here.every((other) => other.id !== each)) ?? [];
      return ids.length === 0 ? here : [...here, ...(await journal.list({ ...filter, ids }))];
    },
  } satisfies Journal;
}

interface Dry {
  readonly action: AnyAction;
  readonly copy: Journal;
  readonly trace: string;
  readonly signal: AbortSignal;
}

/** What the engine of the copy sees of the world: all that is there, but nobody hears of it. */
function dryContext(host: ReplayHost, { action, copy, trace, signal }: Dry): PluginContext {
  const find = (kind: KindName, name?: string) => {
    if (kind === "journal") return copy;
    return kind === action.kind && name === action.name ? action : host.find(kind, name);
  };
  const list = (kind: KindName) => (kind === action.kind ? [action, ...host.list(kind)] : host.list(kind));
  return {
    name: "replay-check",
    signal,
    log: createLog("replay-check", () => {}, host.clock.now),
    clock: host.clock,
    ids: host.ids,
    redact: (value) => value,
    own: (thing) => thing,
    provide: () => () => {},
    wrap() {},
    // What is found is what the shelf of that kind holds.
    get: ((kind: KindName, name: string) => find(kind, name) ?? host.get(kind, name)) as PluginContext["get"],
    find: find as PluginContext["find"],
    list: list as PluginContext["list"],
    watch: () => () => {},
    emit() {},
    // A trace of its own: who watches the run must not take this for it.
    invoke: (what, input, options) => host.invoke(what, input, { ...options, trace }),
    send: () => ({ id: "dry", status: "rejected", receivers: 0 }),
    receive: () => () => {},
  };
}

/** The action that a run would go on with: a workflow is what its run has pinned. */
export function actionOf(action: AnyAction, rows: readonly JournalRow[]): AnyAction {
  return reviveWorkflow(action, rows);
}
