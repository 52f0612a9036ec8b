// The engine "runs": keeps runs on the newest journal, and lets in what is said to them.
//
// 1. Ownerless runs are looked for all the time, by every engine, not once at the start.
// 2. A newer journal is used for what comes; runs of an older one go on where they are.
// 3. What a run came to is read from the journal, whoever worked on it.
import {
  type Action,
  type AnyAction,
  type Engine,
  type ForkOptions,
  type Journal,
  type KindName,
  type NewRun,
  nearest,
  type PluginContext,
  type QueueLimits,
  type Run,
  type RunRecord,
  type StartOptions,
  toJson,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { createAttempts } from "./attempts.ts";
import { withoutEnded } from "./decisions.ts";
import { rowsOfFork } from "./fork.ts";
import { type FrameHost, StepFrame } from "./frame.ts";
import { createRunHandle } from "./handle.ts";
import { repeat } from "./repeat.ts";
import { createPruner, type RetentionOptions } from "./retention.ts";
import { createRunFeeds } from "./run-feed.ts";
import { spare } from "./spare.ts";
import { toNewRun } from "./start-options.ts";
import { openStation, type Station, type StationOptions } from "./station.ts";
import { parkedReason, surveyRuns, versionsOf } from "./survey.ts";

export interface EngineOptions extends StationOptions {
  /** Milliseconds between looks for ownerless runs and for answers from elsewhere, give or take a fifth. */
  readonly pollMs: number;
  readonly queues: readonly QueueLimits[];
  /** A run that would be taken over more often than this is dead. */
  readonly maxTakeovers: number;
  readonly retention: RetentionOptions;
}

export interface RunsEngine {
  readonly engine: Engine;
  /** The journal that keeps the runs of these frames; undefined when they are another engine's. */
  journalOf(frames: FrameHost): Journal | undefined;
  /** Follows what parked runs listen to: what is said before is said to nobody. */
  listen(): Promise<void>;
  /** Begins to take over ownerless runs. */
  recover(): void;
  /** Stops all work at once; the runs stay as they are kept. */
  interrupt(): void;
  stop(): Promise<void>;
}

// The kinds whose things are actions. Runs of other kinds are found by the kind that a start or a survey has shown.
const ACTION_KINDS = ["workflow", "agent", "tool", "script", "node", "model"];
const SURVEY_MS = 5000;
const PRUNE_MS = 60_000;
const RUN_ID = /^[\w.:@-]{1,100}$/;

export function createEngine(ctx: PluginContext, options: EngineOptions): RunsEngine {
  const { clock } = ctx;
  const { queues, maxTakeovers } = options;
  const stations: Station[] = [];
  const kinds = new Set<string>(ACTION_KINDS);
  let reported: ReadonlySet<string> = new Set();
  let dead: readonly string[] = [];
  const feeds = createRunFeeds(ctx);
  let recovering = false;

  // A kind that a third party added is as good as any: the registry knows it by its name.
  const find = (kind: string, name: string) => ctx.find(kind as KindName, name) as AnyAction | undefined;
  const list = (kind: string) => ctx.list(kind as KindName);

  function station(): Station {
    const journal = ctx.find("journal");
    const newest = stations.at(-1);
    if (journal === undefined) return newest ?? add(ctx.get("journal", "any"));
    return newest?.journal === journal ? newest : add(journal);
  }

  function add(journal: Journal): Station {
    const opened = openStation({ ctx, journal, find, claims: () => void claims.now() }, options);
    stations.push(opened);
    return opened;
  }

  const attempt = createAttempts(ctx.log);

  /** The station that works on a run, or that would. */
  const stationOf = (run: string) => stations.find(({ worker }) => worker.local(run) !== undefined) ?? station();

  /** What can be run here, in which versions. */
  function actions() {
    return [...kinds].flatMap((kind) =>
      list(kind).map((action) => {
        const versions = versionsOf(action);
        return { kind, name: action.name, ...(versions !== undefined && { versions }) };
      }),
    );
  }

  /** Looks at who owns the open runs, and which of them nobody here can run. */
  async function survey(): Promise<void> {
    const seen = await surveyRuns(station().journal, reasonOf);
    // What runs need is being taken back then, and would be missed.
    if (ctx.signal.aborted) return;
    dead = seen.dead;
    for (const kind of seen.kinds) kinds.add(kind);
    for (const { id, status, parked: reason = "" } of seen.parked) {
      if (reported.has(id)) continue;
      ctx.log.warn(`The run "${id}" is parked: ${reason}`);
      ctx.emit("run.changed", { run: id, status, reason });
    }
    reported = new Set(seen.parked.map(({ id }) => id));
  }

  const delay = () => options.pollMs * (0.8 + 0.4 * ctx.ids.random());
  const claims = repeat({
    clock,
    delay,
    async work() {
      if (recovering) await station().take({ actions: actions(), deadWorkers: dead, queues, maxTakeovers });
    },
  });
  const polls = repeat({
    clock,
    delay,
    work: async () =>
      void (await Promise.all((stations.length === 0 ? [station()] : stations).map((each) => each.poll()))),
  });
  const surveys = repeat({ clock, delay: () => SURVEY_MS, work: () => attempt("Looking at open runs", survey) });
  const prune = createPruner(options.retention, {
    journal: () => station().journal,
    clock,
    stopped: () => ctx.signal.aborted,
  });
  const pruning = repeat({ clock, delay: () => PRUNE_MS, work: () => attempt("Deleting old runs", prune) });

  const reasonOf = (record: RunRecord) =>
    parkedReason(record, { action: find(record.kind, record.name), now: clock.now() });

  function withReason(record: RunRecord): RunRecord {
    const reason = reasonOf(record);
    return reason === undefined ? record : { ...record, parked: reason };
  }

  function open(id: string): Run {
    const fork = (given?: ForkOptions) => forkOf(id, given);
    return createRunHandle({ id, ctx, station: () => stationOf(id), withReason, feeds, fork });
  }

  /** The action by that kind and name, which is found again after a restart. */
  function registered({ kind, name }: Action<never, unknown>): AnyAction {
    const found = find(kind, name);
    kinds.add(kind);
    if (found !== undefined) return found;
    const names = list(kind).map((thing) => thing.name);
    throw fail("run.not_registered", { kind, name, nearest: nearest(name, names) });
  }

  async function start(action: Action<never, unknown>, input: unknown, given: StartOptions): Promise<Run> {
    if (given.id !== undefined && !RUN_ID.test(given.id)) throw fail("run.bad_id", { id: given.id });
    const { kind, name } = action;
    const found = registered(action);
    const version = "version" in found && typeof found.version === "string" ? { version: found.version } : {};
    const rest = toNewRun(given, { queues, now: clock.now() });
    const draft = { kind, name, ...version, ...rest, input: toJson(input ?? null) };
    if (given.under !== undefined) return startUnder(draft, given);
    const id = given.id ?? ctx.ids.unique();
    const record = await station().worker.start({ id, ...draft }, { replace: given.debounce !== undefined });
    if (record.kind !== kind || record.name !== name)
      throw fail("run.id_taken", { run: record.id, kind: record.kind, name: record.name });
    return open(record.id);
  }

  async function startUnder(draft: Omit<NewRun, "id">, { under, id }: StartOptions): Promise<Run> {
    const frame = under?.run;
    if (!(frame instanceof StepFrame)) throw fail("run.needs_parent", { kind: draft.kind, name: draft.name });
    // Whoever keeps the parent keeps its children, be it another engine.
    const { children } = frame.host;
    const child = await children.begin(frame, draft, id);
    // Within its parent, what it came to is a step like any other.
    const result = () => spare(frame.log.signal, () => children.result(frame, child, draft.name));
    return { ...open(child), result };
  }

  async function forkOf(run: string, given: ForkOptions = {}): Promise<Run> {
    const { journal, worker } = stationOf(run);
    const { kind, name, version, input, queue, priority, tenant } = await open(run).record();
    registered({ kind, name, run: () => undefined });
    const { rows, from } = await rowsOfFork(journal, run, given);
    const id = given.id ?? ctx.ids.unique();
    if (!RUN_ID.test(id)) throw fail("run.bad_id", { id });
    const same = Object.entries({ version, queue, priority, tenant }).filter(([, value]) => value !== undefined);
    const draft = { id, kind, name, ...Object.fromEntries(same), input: given.input ?? input };
    await worker.start({ ...draft, origin: { run, key: from } }, { rows });
    return open(id);
  }

  const engine: Engine = {
    name: "runs",
    start(action, input, given = {}) {
      const work = () => start(action as Action<never, unknown>, input, given);
      const frame = given.under?.run;
      // What the action gives is what its run gives.
      return (frame instanceof StepFrame ? spare(frame.log.signal, work) : work()) as Promise<never>;
    },
    open,
    list: async (filter) => (await station().journal.list(filter)).map(withReason),
    counts: () => station().journal.counts(),
    prune: (filter) => station().journal.prune(filter),
    async decisions(filter) {
      const { journal } = station();
      return withoutEnded(journal, await journal.tasks(filter));
    },
    async decide(token, answer) {
      const { decisions, said } = stations.find((each) => each.decisions.waits(token)) ?? station();
      const awaited = decisions.waits(token);
      const task = await decisions.decide(token, answer);
      if (awaited) return task;
      ctx.emit("decision.changed", { run: task.run, token, status: "answered" });
      said(task.run);
      return task;
    },
  };

  return {
    engine,
    journalOf: (frames) => stations.find((each) => each.frames === frames)?.journal,
    listen: () => station().listen(),
    recover() {
      recovering = true;
      // The first look asks who is dead; the others are done by and by.
      void attempt("Looking at open runs", survey).then(() => claims.now());
    },
    interrupt() {
      for (const { worker } of stations) worker.interrupt();
    },
    async stop() {
      await Promise.all([claims, polls, surveys, pruning].map((each) => each.stop()));
      await Promise.all(stations.map((each) => each.stop()));
    },
  };
}
