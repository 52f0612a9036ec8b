// Folds the event stream into columns of numbers. The hot path: no allocation for a name seen before.
//
// 1. A replayed action is counted as replayed and as nothing else: its first run was counted when it happened.
// 2. Nothing that the fold holds grows with the number of events: rows are bounded by names, gauges by what lives.
import { type Event, type EventBodies, type EventHead, RUN_ENDS } from "@mofa/kernel";
import { LiveStatuses } from "./live-statuses.ts";
import { Rows } from "./rows.ts";

/** How an action can end, in the order of the cells of its row. */
export const OUTCOMES = ["done", "failed", "cancelled", "timed_out", "refused"] as const;

const [DONE, FAILED, CANCELLED, TIMED_OUT, REFUSED] = [0, 1, 2, 3, 4] as const;
/** The cell of replays; the sum of seconds is after it, then the buckets, the last one without bound. */
export const REPLAYED = OUTCOMES.length;
export const SUM: number = REPLAYED + 1;
export const BUCKETS: number = SUM + 1;

// Nothing is told after "stopping" when a plugin is taken away for good: it ends there.
export const LIVE_PLUGINS = ["waiting", "starting", "active", "failed", "quarantined"] as const;
// A stopped agent may be gone for good: it is not counted.
export const LIVE_AGENTS = ["created", "starting", "ready", "busy", "paused", "stopping", "failed"] as const;
const LIVE_RUNS = ["queued", "running", "waiting"] as const;
const AWAY = "away";
const LIVE_TASKS = ["parked", "queued", "running"] as const;

export interface FoldOptions {
  /** Upper bounds of the duration buckets in seconds, ascending. */
  readonly buckets: readonly number[];
  /** How many label sets a metric tells apart. */
  readonly series: number;
  /** How many live runs, decisions, plugins and agents a gauge follows. */
  readonly live: number;
  tooManySeries(metric: string): void;
  tooManyLive(metric: string): void;
}

/** All numbers, and the one function that changes them. */
export interface Fold {
  readonly actions: Rows;
  readonly inFlight: Rows;
  /** Cells: input tokens, output tokens. */
  readonly tokens: Rows;
  readonly cost: Rows;
  readonly messages: Rows;
  readonly runEnds: Rows;
  readonly files: Rows;
  readonly dead: Rows;
  readonly agentFailures: Rows;
  readonly agentRestarts: Rows;
  readonly taskEnds: Rows;
  readonly requeued: Rows;
  readonly budgets: Rows;
  readonly quarantines: Rows;
  readonly tasks: LiveStatuses;
  readonly plugins: LiveStatuses;
  readonly agents: LiveStatuses;
  readonly runs: LiveStatuses;
  readonly decisions: LiveStatuses;
  /** How often runs were let go of while they only waited, taken over from workers that were gone, and lost. */
  readonly holds: Readonly<Record<"parked" | "taken" | "lost", number>>;
  take(event: Event): void;
}

export function createFold(options: FoldOptions): Fold {
  const { series, live: most } = options;
  const rows = (metric: string, labels: readonly [string] | readonly [string, string], width = 1) =>
    new Rows({ labels, width, limit: series, full: () => options.tooManySeries(metric) });
  const statuses = (metric: string, live: readonly string[]) =>
    new LiveStatuses({ live, limit: most, full: () => options.tooManyLive(metric) });

  const holds = { parked: 0, taken: 0, lost: 0 };
  const bounds = options.buckets.map((seconds) => seconds * 1000);
  const actions = rows("mofa_actions_total", ["kind", "name"], BUCKETS + bounds.length + 1);
  const inFlight = rows("mofa_actions_in_flight", ["kind"]);
  const tokens = rows("mofa_model_tokens_total", ["model", "rehearsal"], 2);
  const cost = rows("mofa_model_cost_dollars_total", ["model"]);
  const messages = rows("mofa_messages_total", ["status"]);
  const runEnds = rows("mofa_runs_total", ["status"]);
  const files = rows("mofa_file_reloads_total", ["status"]);
  const dead = rows("mofa_messages_dead_total", ["code"]);
  const agentFailures = rows("mofa_agent_failures_total", ["agent"]);
  const agentRestarts = rows("mofa_agent_restarts_total", ["agent"]);
  const taskEnds = rows("mofa_tasks_total", ["status", "priority"]);
  const requeued = rows("mofa_tasks_requeued_total", ["priority"]);
  const budgets = rows("mofa_budget_exceeded_total", ["budget", "what"]);
  const quarantines = rows("mofa_plugin_quarantines_total", ["plugin"]);
  const tasks = statuses("mofa_tasks", LIVE_TASKS);
  const plugins = statuses("mofa_plugins", LIVE_PLUGINS);
  const agents = statuses("mofa_agents", LIVE_AGENTS);
  const runs = statuses("mofa_runs", LIVE_RUNS);
  const decisions = statuses("mofa_decisions_waiting", ["open"]);

  function ended(kind: string, name: string, outcome: number, ms: number): void {
    const row = actions.row(kind, name);
    const { cells } = actions;
    add(cells, row + outcome, 1);
    if (outcome === REFUSED) return;
    add(cells, row + SUM, ms / 1000);
    let bucket = 0;
    while (bucket < bounds.length && ms > (bounds[bucket] as number)) bucket++;
    add(cells, row + BUCKETS + bucket, 1);
    const place = inFlight.row(kind);
    // Below zero only for work that began before this plugin: that was never counted up.
    if ((inFlight.cells[place] as number) > 0) add(inFlight.cells, place, -1);
  }

  function replayed(kind: string, name: string): void {
    // The row first: it may exchange the array of cells.
    const row = actions.row(kind, name);
    add(actions.cells, row + REPLAYED, 1);
  }

  function used({ model, inputTokens, outputTokens, cost: dollars, rehearsal }: EventBodies["model.usage"]): void {
    const row = tokens.row(model, rehearsal ? "true" : "false");
    add(tokens.cells, row, inputTokens);
    add(tokens.cells, row + 1, outputTokens);
    if (dollars !== undefined) count(cost, model, dollars);
  }

  function agentChanged(name: string, from: string, to: string): void {
    if (to === "failed") count(agentFailures, name);
    // The first start comes from "created"; any other brings it back.
    if (to === "starting" && from !== "created") count(agentRestarts, name);
    agents.change(name, to);
  }

  function taskChanged({ task, status, priority }: EventBodies["task.changed"]): void {
    if (isRunEnd(status)) count2(taskEnds, status, priority);
    // It gave way to more urgent work, or its agent did not begin it.
    else if (status !== "running" && tasks.of(task) === "running") count(requeued, priority);
    tasks.change(task, status);
  }

  function take(event: Event): void {
    switch (event.type) {
      case "action.start":
        count(inFlight, event.kind);
        break;
      case "action.end":
        ended(event.kind, event.name, DONE, event.ms);
        break;
      case "action.error":
        ended(event.kind, event.name, toOutcome(event), event.ms);
        break;
      case "action.replayed":
        replayed(event.kind, event.name);
        break;
      case "model.usage":
        used(event);
        break;
      case "message.sent":
        count(messages, event.status);
        break;
      case "message.handled":
        count(messages, "handled");
        break;
      case "message.failed":
        count(messages, "failed");
        break;
      case "message.dead":
        count(dead, event.reason.code);
        break;
      case "plugin.changed":
        if (event.status === "quarantined") count(quarantines, event.name);
        plugins.change(event.name, event.status);
        break;
      case "agent.changed":
        agentChanged(event.name, event.from, event.to);
        break;
      case "task.changed":
        taskChanged(event);
        break;
      case "budget.exceeded":
        count2(budgets, event.budget, event.what);
        break;
      case "run.changed":
        if (isRunEnd(event.status)) count(runEnds, event.status);
        if (event.hold !== undefined) holds[event.hold]++;
        // Not here any more: it costs this process nothing, nor may it cost a place in the gauge.
        runs.change(event.run, event.hold === "parked" || event.hold === "lost" ? AWAY : event.status);
        break;
      case "decision.changed":
        decisions.change(event.token, event.status);
        break;
      case "file.changed":
        count(files, event.status);
        break;
    }
  }

  return {
    holds,
    actions,
    inFlight,
    tokens,
    cost,
    messages,
    dead,
    runEnds,
    files,
    agentFailures,
    agentRestarts,
    taskEnds,
    requeued,
    budgets,
    quarantines,
    plugins,
    agents,
    runs,
    tasks,
    decisions,
    take,
  };
}

function count(rows: Rows, first: string, amount = 1): void {
  const place = rows.row(first);
  add(rows.cells, place, amount);
}

function count2(rows: Rows, first: string, second: string): void {
  const place = rows.row(first, second);
  add(rows.cells, place, 1);
}

function add(cells: Float64Array, place: number, amount: number): void {
  cells[place] = (cells[place] as number) + amount;
}

function isRunEnd(status: string): boolean {
  return (RUN_ENDS as readonly string[]).includes(status);
}

function toOutcome({ kind, name, error }: EventHead<"action.error"> & EventBodies["action.error"]): number {
  switch (error.code) {
    case "call.cancelled":
    case "call.parent_ended":
    case "run.cancelled":
    // Not a failure: the run goes on elsewhere, or when the engine is back.
    case "run.interrupted":
    case "run.fenced":
      return CANCELLED;
    case "call.timed_out":
      return TIMED_OUT;
    case "input.invalid":
      // An action whose own input was refused never started; one that passes on the refusal of another has failed.
      return error.data?.["kind"] === kind && error.data["name"] === name ? REFUSED : FAILED;
    default:
      return FAILED;
  }
}
