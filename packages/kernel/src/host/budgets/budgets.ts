// The budgets of a kernel, and the two wrappers that enforce them.
//
// 1. Every call under a budget has a purse. It is made at the place "budget": what is replayed from a journal, or was
//    not approved, is not counted.
// 2. `around` counts calls, depth and time, and takes room for a model's first attempt. `attempt` stands directly
//    around the action and settles every attempt: what a cache answers never gets there, and costs nothing.
// 3. While there is no budget, nothing of this is in the way of a call.
import type { Budget, Budgets } from "../../budget.ts";
import type { Call, Middleware, Next, Step } from "../../call.ts";
import type { Clock } from "../../clock.ts";
import { fail } from "../../errors.ts";
import type { EventStream } from "../../event.ts";
import type { Model, ModelReply, ModelRequest } from "../../kinds/model.ts";
import type { Store } from "../../kinds/store.ts";
import type { LogEntry } from "../../log.ts";
import { atMost } from "../at-most.ts";
import { LiveCall } from "../calls/live-call.ts";
import type { Registry } from "../registry.ts";
import type { Account } from "./budget-account.ts";
import { checkAmount } from "./budget-check.ts";
import { Covers } from "./budget-covers.ts";
import { ModelMeter } from "./model-meter.ts";
import { CallPurse, type Held, type PurseHost } from "./purse.ts";
import { askFor } from "./spending.ts";

export interface BudgetHost {
  readonly clock: Clock;
  readonly events: EventStream;
  readonly registry: Registry;
  readonly write: (entry: LogEntry) => void;
}

/** Budgets, and what puts them around calls. */
export interface Bounding extends Budgets {
  /** Whether every call must pass `around`, not only those under a budget of their own. */
  some(): boolean;
  readonly around: Middleware;
  readonly attempt: Middleware;
  /** Waits until what is to be kept is kept. */
  end(): Promise<void>;
}

const END_MS = 5000;
const ONE_CALL = askFor({ calls: 1 });
const ONE_CALL_WITH_TIME = askFor({ calls: 1 }, ["ms"]);

/** Makes the budgets of a kernel. */
export function createBudgets(host: BudgetHost, given: readonly Budget[] = []): Bounding {
  const { clock, write, registry } = host;
  const store = () => registry.find("store") as Store | undefined;
  const covers = new Covers({ clock, write, store, now: clock.now }, exceededOn(host));
  for (const budget of given) covers.add(budget);

  return {
    name: "kernel",
    some: () => covers.some,
    add: (budget) => covers.add(budget),
    list: () => covers.list(),
    async reserve(call, amount) {
      const ask = askFor(checkAmount(amount));
      const purse = ownPurse(call) ?? openPurse(covers, call);
      return purse.hold(await purse.take(ask));
    },
    around(step, next) {
      const call = step.call as LiveCall;
      const purse = covers.open(call, step.options.budget);
      call.purse = purse;
      if (purse.place.covers.length === 0) return next(step);
      checkDepth(purse);
      const timed = purse.timed;
      const begun = begin(purse, step, timed);
      const work = begun instanceof Promise ? begun.then(next) : next(begun);
      return timed.length === 0 ? work : orCrossed(purse, work);
    },
    attempt,
    end: () => atMost(clock, END_MS, settle(covers.kept())),
  };
}

/** Counts the call, starts its time and takes room for what a model will use. */
function begin(purse: CallPurse, step: Step, timed: readonly Account[]): Step | Promise<Step> {
  if (timed.length === 0 && purse.countCall()) return start(purse, { step, timed }, undefined);
  const counted = purse.take(timed.length === 0 ? ONE_CALL : ONE_CALL_WITH_TIME);
  if (counted instanceof Promise) return counted.then((held) => start(purse, { step, timed }, held));
  return start(purse, { step, timed }, counted);
}

interface Starting {
  readonly step: Step;
  readonly timed: readonly Account[];
}

function start(purse: CallPurse, { step, timed }: Starting, counted: Held | undefined): Step | Promise<Step> {
  counted?.close(counted.amount);
  for (const account of timed) account.start(purse);
  const { action, input } = step;
  if (action.kind !== "model" || !purse.metered) return step;
  const request = input as ModelRequest;
  purse.meter = new ModelMeter(purse, request, (action as Model).price?.(request.model));
  return reserveFor(purse.meter, step);
}

/** Takes room for one attempt, unless it is there already. */
function reserveFor(meter: ModelMeter, step: Step): Step | Promise<Step> {
  const request = step.input as ModelRequest;
  const reserved = meter.reserve(request);
  const toStep = (input: ModelRequest) => (input === request ? step : { ...step, input });
  return reserved instanceof Promise ? reserved.then(toStep) : toStep(reserved);
}

function attempt(step: Step, next: Next): Promise<unknown> {
  const purse = ownPurse(step.call);
  const meter = purse?.meter;
  if (purse === undefined || meter === undefined) return next(step);
  const measured = (ready: Step) => {
    meter.begin();
    return next(ready).then(
      (reply) => {
        meter.paid((reply as ModelReply | undefined)?.usage);
        return reply;
      },
      (error: unknown) => {
        meter.failed();
        throw error;
      },
    );
  };
  const ready = reserveFor(meter, step);
  return orCrossed(purse, ready instanceof Promise ? ready.then(measured) : measured(ready));
}

/** Ends with the error of the budget where one was crossed, whatever became of the work. */
function orCrossed(purse: CallPurse, work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (output) => {
      if (purse.crossed !== undefined) throw purse.crossed;
      return output;
    },
    (error: unknown) => {
      throw purse.crossed ?? error;
    },
  );
}

function checkDepth(purse: CallPurse): void {
  for (const { account, from } of purse.place.covers) {
    const { depth } = account.budget.limits;
    const wanted = purse.level - from + 1;
    if (depth !== undefined && wanted > depth) throw purse.exceeded(account, { what: "depth", wanted });
  }
}

function ownPurse(call: Call): CallPurse | undefined {
  const purse = call instanceof LiveCall ? call.purse : undefined;
  return purse instanceof CallPurse && purse.call === call ? purse : undefined;
}

/** For a call that began before there was any budget over it. */
function openPurse(covers: Covers, call: Call): CallPurse {
  if (!(call instanceof LiveCall))
    throw fail("budget.bad", { budget: "call", problem: "what was given is no call in flight" });
  const purse = covers.open(call, undefined);
  call.purse = purse;
  return purse;
}

/** Waits until nothing in flight changes what is kept, and all of it is written. */
async function settle(kept: readonly Account[]): Promise<void> {
  do {
    await Promise.all(kept.map((account) => account.settled()));
    await Promise.all(kept.map(({ keeping }) => keeping?.flush()));
    // What the store granted at the very end was given back by its call, which had ended.
  } while (kept.some((account) => account.busy));
}

/** Makes the error of a budget without room, and tells whoever watches. */
function exceededOn({ events }: BudgetHost): PurseHost["exceeded"] {
  return (call, account, { what, wanted }) => {
    const exceeded = account.exceeded(what, wanted);
    if (events.wanted("budget.exceeded", call.action.kind)) call.emit("budget.exceeded", exceeded);
    return fail("budget.exceeded", exceeded, { stack: false, retryable: exceeded.resets !== undefined });
  };
}
