// The engine "runs": keeps runs on the newest journal, and lets decisions in.
//
// 1. Ownerless runs are looked for all the time, by every engine, not once at the start.
// 2. A newer journal is used for what comes; runs of an older one go on where they are.
// 3. What a run came to is read from the journal, whoever worked on it.
import {
  type Action,
  type AnyAction,
  type Engine,
  type Journal,
  type JournalRow,
  type KindName,
  nearest,
  type PluginContext,
  RUN_ENDS,
  type RunRecord,
  type TaskRecord,
  toErrorJson,
  toJson,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { createDecisions, type Decisions } from "./decisions.ts";
import type { FrameHost } from "./frame.ts";
import { createRunHandle } from "./handle.ts";
import { createWorkerId, deadOwners } from "./liveness.ts";
import { repeat } from "./repeat.ts";
import { createRunFeeds } from "./run-feed.ts";
import { createWorker, type Worker } from "./worker.ts";

export interface EngineOptions {
  readonly maxConcurrent: number;
  readonly leaseMs: number;
  readonly decisions: "wait" | "fallback";
  /** Milliseconds between looks for ownerless runs and for answers from elsewhere, give or take a fifth. */
  readonly pollMs: number;
  /** The action as it was when the run began, as far as its kept rows say. */
  revive(action: AnyAction, rows: readonly JournalRow[]): AnyAction;
}

/** One journal and the work on it. */
interface Station {
  readonly journal: Journal;
  readonly worker: Worker;
  readonly decisions: Decisions;
  readonly frames: FrameHost;
  /** Workers that are surely dead. */
  dead: readonly string[];
}

export interface RunsEngine {
  readonly engine: Engine;
  /** The name of the journal that keeps the runs of these frames; undefined when they are another engine's. */
  journalOf(frames: FrameHost): string | undefined;
  /** Begins to take over ownerless runs. */
  recover(): void;
  /** Stops all work at once; the runs stay as they are kept. */
  interrupt(): void;
  stop(): Promise<void>;
}

// The kinds whose things are actions. Runs of other kinds are found by the kind that a start or a survey has shown.
const ACTION_KINDS = ["workflow", "agent", "tool", "script", "node", "model"];
const SURVEY_MS = 5000;
const RUN_ID = /^[\w.:@-]{1,100}$/;

export function createEngine(ctx: PluginContext, options: EngineOptions): RunsEngine {
  const stations: Station[] = [];
  const kinds = new Set<string>(ACTION_KINDS);
  let reported: ReadonlySet<string> = new Set();
  const feeds = createRunFeeds(ctx);
  let recovering = false;

  // A kind that a third party added is as good as any: the registry knows it by its name.
  const find = (kind: string, name: string) => ctx.find(kind as KindName, name) as AnyAction | undefined;
  const list = (kind: string) => ctx.list(kind as KindName);

  function station(): Station {
    const journal = ctx.find("journal");
    const newest = stations.at(-1);
    if (journal === undefined) return newest ?? openStation(ctx.get("journal", "any"));
    return newest?.journal === journal ? newest : openStation(journal);
  }

  function openStation(journal: Journal): Station {
    const { clock, ids, log } = ctx;
    const decisions = createDecisions({
      journal,
      clock,
      mode: options.decisions,
      token: () => ids.unique(),
      warn: (message) => log.warn(message),
    });
    const frames: FrameHost = { random: ids.random, uniqueId: ids.unique, ask: decisions.ask };
    const worker = createWorker(journal, {
      ...options,
      id: createWorkerId(),
      clock,
      log,
      frames,
      find,
      invoke: (action, input, more) => ctx.invoke(action, input, more),
      tell: (event) => ctx.emit("run.changed", event),
      freed: () => void claims.now(),
    });
    const opened = { journal, worker, decisions, frames, dead: [] };
    stations.push(opened);
    return opened;
  }

  const actions = () => [...kinds].flatMap((kind) => list(kind).map(({ name }) => ({ kind, name })));

  async function guarded(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      ctx.log.warn(`${what} failed, and will be tried again: ${toErrorJson(error).message}`);
    }
  }

  /** Looks at who owns the open runs, and which of them nobody here can run. */
  async function survey(): Promise<void> {
    const here = station();
    const open = await here.journal.list({ status: ["queued", "running", "waiting"], limit: 1000 });
    here.dead = deadOwners(open);
    const parkedNow = new Set<string>();
    for (const record of open) {
      kinds.add(record.kind);
      const reason = parked(record);
      if (reason === undefined) continue;
      parkedNow.add(record.id);
      if (reported.has(record.id)) continue;
      ctx.log.warn(`The run "${record.id}" is parked: ${reason}`);
      ctx.emit("run.changed", { run: record.id, status: record.status, reason });
    }
    reported = parkedNow;
  }

  const claims = repeat({
    clock: ctx.clock,
    delay: () => options.pollMs * (0.8 + 0.4 * ctx.ids.random()),
    async work() {
      const here = station();
      const filter = () => ({ actions: actions(), deadWorkers: here.dead });
      if (recovering) await guarded("Looking for runs to take over", () => here.worker.claim(filter()));
      for (const each of stations) await guarded("Looking for answers", () => each.decisions.poll());
    },
  });
  const surveys = repeat({
    clock: ctx.clock,
    delay: () => SURVEY_MS,
    work: () => guarded("Looking at open runs", survey),
  });

  /** Why nobody here can work on an open run that nobody owns. */
  function parked({ kind, name, status, leaseUntil }: RunRecord): string | undefined {
    if (RUN_ENDS.includes(status) || (leaseUntil ?? 0) > ctx.clock.now() || find(kind, name) !== undefined)
      return undefined;
    return `no ${kind} "${name}" is registered. Add the plugin or file that brings it.`;
  }

  function withReason(record: RunRecord): RunRecord {
    const reason = parked(record);
    return reason === undefined ? record : { ...record, parked: reason };
  }

  const open = (id: string) =>
    createRunHandle({
      id,
      ctx,
      station: () => stations.find(({ worker }) => worker.local(id) !== undefined) ?? station(),
      withReason,
      feeds,
    });

  async function start({ kind, name }: Action<never, unknown>, input: unknown, id: string): Promise<void> {
    const registered = find(kind, name);
    if (registered === undefined) {
      const near = nearest(
        name,
        list(kind).map((thing) => thing.name),
      );
      throw fail("run.not_registered", { kind, name, nearest: near });
    }
    kinds.add(kind);
    const version =
      "version" in registered && typeof registered.version === "string" ? { version: registered.version } : {};
    const record = await station().worker.start({ id, kind, name, ...version, input: toJson(input ?? null) });
    if (record.kind !== kind || record.name !== name)
      throw fail("run.id_taken", { run: id, kind: record.kind, name: record.name });
  }

  const engine: Engine = {
    name: "runs",
    async start(action, input, { id = ctx.ids.unique() } = {}) {
      if (!RUN_ID.test(id)) throw fail("run.bad_id", { id });
      await start(action as Action<never, unknown>, input, id);
      // What the action gives is what its run gives.
      return open(id) as never;
    },
    open,
    list: async (filter) => (await station().journal.list(filter)).map(withReason),
    async decisions(filter) {
      const { journal } = station();
      return withoutEnded(journal, await journal.tasks(filter));
    },
    async decide(token, answer) {
      const { decisions } = stations.find((each) => each.decisions.waits(token)) ?? station();
      const awaited = decisions.waits(token);
      const task = await decisions.decide(token, answer);
      if (!awaited) ctx.emit("decision.changed", { run: task.run, token, status: "answered" });
      return task;
    },
  };

  return {
    engine,
    journalOf: (frames) => stations.find((each) => each.frames === frames)?.journal.name,
    recover() {
      recovering = true;
      // The first look asks who is dead; the others are done by and by.
      void guarded("Looking at open runs", survey).then(() => claims.now());
    },
    interrupt() {
      for (const { worker } of stations) worker.interrupt();
    },
    async stop() {
      await Promise.all([claims.stop(), surveys.stop()]);
      await Promise.all(stations.map(({ worker }) => worker.stop()));
    },
  };
}

/** Leaves out open questions of runs that have ended: nobody waits for their answers any more. */
async function withoutEnded(journal: Journal, tasks: readonly TaskRecord[]): Promise<readonly TaskRecord[]> {
  const open = new Set(tasks.flatMap(({ status, run }) => (status === "open" ? run : [])));
  const records = await Promise.all([...open].map((run) => journal.get(run)));
  const ended = new Set(records.flatMap((record) => (record?.finishedAt === undefined ? [] : record.id)));
  return tasks.filter(({ status, run }) => status !== "open" || !ended.has(run));
}
