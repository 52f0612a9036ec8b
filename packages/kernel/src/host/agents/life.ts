// The lives of an agent, one after the other.
//
// 1. A life begins with `start` and is over when its turns have really ended and `stop` is done; the next begins after.
// 2. `stop` is called once for each start that succeeded.
// 3. A life that is over says nothing more: its `failed` and `done` do nothing.
// 4. An agent without `start` and `stop` goes up and down at once, and has no life to keep until it fails.
import { isMofaError, toErrorJson } from "../../error.ts";
import { fail } from "../../errors.ts";
import type { Agent, AgentLife } from "../../kinds/agent.ts";
import type { AgentStatus } from "../../lifecycle.ts";
import type { LiveCall } from "../calls/live-call.ts";
import type { Envelope } from "../messages/envelope.ts";
import type { AgentCell } from "./agent-cell.ts";
import type { Mending, Setbacks } from "./mending.ts";

/** What there is to know of an agent beside its status; made when it starts something, fails, or is stopped. */
export class Life {
  /** Counts failures: what was begun under another number was in work when the agent failed. */
  number = 0;
  restarts = 0;
  /** What it failed with; undefined once it is up again. */
  failure: unknown = undefined;
  /** Settles when its start has, either way. */
  started: Promise<void> | undefined = undefined;
  /** Settles when it is down. */
  halting: Promise<void> | undefined = undefined;
  controller: AbortController | undefined = undefined;
  /** Whether it takes no more work: it was taken away, stopped or given up. */
  off = false;
  /** Whether its start succeeded, and so its stop is due. */
  up: boolean;
  /** Whether an operator paused it: a restart does not undo that. */
  held = false;
  /** What brings it back. */
  mending: Mending | undefined = undefined;
  setbacks: Setbacks | undefined = undefined;
  /** How often a message was given to it again; only of those that wait or are in work. */
  redelivered: Map<Envelope, number> | undefined = undefined;

  constructor(up: boolean) {
    this.up = up;
  }
}

/** What becomes of what waits when an agent goes down. */
export type Waiting = "keep" | "refuse" | "finish";

/** How long a start may go on for what waits, when another version has taken the place of the agent. */
const START_MS = 5000;

const UP: ReadonlySet<AgentStatus> = new Set(["starting", "ready", "busy", "paused"]);

export function lifeOf(cell: AgentCell): Life {
  cell.life ??= new Life(cell.status === "ready" || cell.status === "busy" || cell.status === "paused");
  return cell.life;
}

/** Begins a life; the promise settles, without failing, when it is known whether that worked. */
export function begin(cell: AgentCell): Promise<void> | undefined {
  cell.become("starting");
  if (cell.agent.start === undefined) {
    if (cell.life !== undefined) cell.life.up = true;
    arrive(cell);
    return undefined;
  }
  const life = lifeOf(cell);
  life.started = startUp(cell, life);
  return life.started;
}

async function startUp(cell: AgentCell, life: Life): Promise<void> {
  const controller = new AbortController();
  life.controller = controller;
  const isCurrent = () => life.controller === controller;
  const handle: AgentLife = {
    signal: controller.signal,
    failed: (error) => isCurrent() && crash(cell, error),
    done: () => isCurrent() && finish(cell),
  };
  try {
    await cell.agent.start?.(handle);
  } catch (error) {
    if (cell.status === "starting") crash(cell, error);
    // It was told to end, and says so.
    else if (error !== controller.signal.reason) report(cell, toErrorJson(error).message);
    return;
  }
  life.up = true;
  // It may have failed, or been told to stop, meanwhile.
  if (cell.status === "starting") arrive(cell);
}

function arrive(cell: AgentCell): void {
  const { life } = cell;
  if (life !== undefined) life.failure = undefined;
  cell.become("ready");
  if (life?.held === true) cell.become("paused");
  else cell.inbox?.resume();
}

/** The agent itself has failed: what is in work is cancelled, and its supervisor decides. */
function crash(cell: AgentCell, error: unknown): void {
  const crashed = toCrash(cell.agent, error);
  if (!UP.has(cell.status)) {
    report(cell, `${crashed.message} It was ${cell.status} already.`);
    return;
  }
  const life = lifeOf(cell);
  life.held = cell.status === "paused";
  life.failure = crashed;
  life.number++;
  cell.become("failed", toErrorJson(error).message);
  cell.inbox?.pause();
  cell.cancelTurns(crashed);
  cell.host.failed(cell, crashed);
}

/** A turn says that the agent has failed; while it goes down anyway, that is the turn's failure alone. */
export function failTurn(cell: AgentCell, error: unknown): void {
  if (UP.has(cell.status)) crash(cell, error);
}

/** Whether what a turn threw is a failure of the agent itself. */
export function hasFailed({ name, supervision }: Agent, call: LiveCall, error: unknown): boolean {
  // Another agent's crash passes through those that asked it.
  if (isMofaError(error, "agent.crashed") && (error.data["agent"] ?? name) === name) return true;
  return supervision?.failsOn === "error" && call.reason === undefined;
}

/** It has done all it was there for. */
function finish(cell: AgentCell): void {
  if (!UP.has(cell.status)) return;
  if (cell.agent.supervision?.restart === "permanent") cell.host.failed(cell, undefined);
  else void retire(cell);
}

/** Takes no more work and ends for good, or until somebody starts it again. */
export function retire(cell: AgentCell, waiting: Waiting = "refuse"): Promise<void> | undefined {
  const { taking } = cell;
  const life = lifeOf(cell);
  life.off = true;
  if (cell.status === "failed") cell.become("stopping");
  // One that was on its way down to come up again finishes nothing more.
  const cut = waiting === "finish" && taking && (life.halting !== undefined || cell.status === "stopping");
  return halt(cell, cut ? "refuse" : waiting);
}

/** Stays failed: takes no more work, and what waited is refused. */
export function giveUp(cell: AgentCell): Promise<void> | undefined {
  lifeOf(cell).off = true;
  return halt(cell, "refuse");
}

/** Cancels what is in work as lost with this life. */
export function cutShort(cell: AgentCell, because: string): void {
  const { agent, status } = cell;
  if (!UP.has(status) && status !== "stopping") return;
  const life = lifeOf(cell);
  life.number++;
  life.failure = fail("agent.restarted", { agent: agent.name, because }, { stack: false, retryable: true });
  life.held ||= status === "paused";
  // Nothing more is taken from now on, though its turn to go down may come later: it might wait for one that is down.
  cell.inbox?.pause();
  if (status !== "stopping") cell.become("stopping");
  // One that is on its way down already may be in a turn that waits for another of those that are restarted, too.
  cell.cancelTurns(life.failure);
}

/** Ends this life, if there is one; the promise settles, without failing, when it is over. */
export function halt(cell: AgentCell, waiting: Waiting): Promise<void> | undefined {
  const { agent, inbox, status } = cell;
  const isLight = agent.start === undefined && agent.stop === undefined;
  if (!isLight || inbox !== undefined || status === "paused") lifeOf(cell).held ||= status === "paused";
  if (UP.has(status) || status === "created") cell.become("stopping");
  if (waiting === "keep") inbox?.pause();
  else if (waiting === "refuse") void inbox?.close(cell.notTaking());
  const life = cell.life;
  if (life?.halting !== undefined) {
    // A start that was left to finish, for what waits, has nothing left to finish for.
    if (waiting === "refuse" && !life.up) life.controller?.abort(cell.notTaking());
    return life.halting;
  }
  const isDown = inbox === undefined || (inbox.active === 0 && (waiting === "keep" || inbox.queued === 0));
  if (life === undefined || (isLight && isDown)) {
    settle(cell, undefined);
    return undefined;
  }
  life.halting = goDown(cell, life, waiting);
  return life.halting;
}

async function goDown(cell: AgentCell, life: Life, waiting: Waiting): Promise<void> {
  const reason = cell.notTaking();
  const { controller } = life;
  // What waits for a start would be lost with it: then it is not cut short at once.
  const patience = !life.up && waiting === "finish" && (cell.inbox?.queued ?? 0) > 0 ? START_MS : 0;
  const hurry = patience > 0 ? cell.host.clock.after(patience, () => controller?.abort(reason)) : undefined;
  if (!life.up && patience === 0) controller?.abort(reason);
  // It may be told to end by its own start, before there is a promise of it.
  await undefined;
  await life.started;
  hurry?.();
  // Nothing is done in a life that was told to end.
  const finishes = waiting === "finish" && life.up && controller?.signal.aborted !== true;
  if (waiting === "finish") await cell.inbox?.close(reason, finishes ? "finish" : "refuse");
  else await cell.inbox?.settled();
  life.controller?.abort(reason);
  life.controller = undefined;
  const due = life.up;
  life.up = false;
  let broken: Error | undefined;
  try {
    if (due) await cell.agent.stop?.();
  } catch (error) {
    broken = toCrash(cell.agent, error);
    report(cell, broken.message);
  }
  life.halting = undefined;
  settle(cell, broken);
}

/** The last of its statuses; one that has failed stays so, unless it was told to stop. */
function settle(cell: AgentCell, broken: Error | undefined): void {
  if (cell.life !== undefined) cell.life.up = false;
  if (cell.status !== "stopping") return;
  if (broken === undefined) {
    cell.become("stopped");
    return;
  }
  lifeOf(cell).failure = broken;
  cell.become("failed", broken.message);
}

function toCrash(agent: Agent, error: unknown): Error {
  if (isMofaError(error, "agent.crashed") && error.data["agent"] === agent.name) return error;
  return fail("agent.crashed", { agent: agent.name, reason: toErrorJson(error).message }, { cause: error });
}

/** Says in the log what nobody else is told. */
export function report({ host }: AgentCell, message: string): void {
  host.write({ at: host.clock.now(), level: "error", from: "agents", message, data: { code: "agent.crashed" } });
}
