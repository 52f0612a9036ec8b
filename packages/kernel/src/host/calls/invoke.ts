// The one path that every action takes: validate, wrap, run, tell.
//
// 1. The chain of wrappers is folded once per action and set of wrappers, not per call.
// 2. A call ends exactly once, whatever its action does; then its children are cancelled and its timer is gone.
//    Nothing of it is ever thrown at the caller: what goes wrong is in the promise.
// 3. A call with a limit of its own (timeout, signal) rejects at once when it is crossed, even if its action ignores the signal.
import type { AnyAction } from "../../action.ts";
import {
  type InvokeOptions,
  MIDDLEWARE_ORDER,
  type Middleware,
  type Next,
  type RunFrame,
  type Step,
  type WrapOptions,
} from "../../call.ts";
import { toErrorJson } from "../../error.ts";
import { fail } from "../../errors.ts";
import { type Checked, sayIssues, toCheck } from "../../schema.ts";
import { type Chain, Course, type Load, type Plan, tellBegin, tellLate } from "./course.ts";
import { type CallHost, LiveCall } from "./live-call.ts";

export interface Invoker {
  invoke(parent: LiveCall | undefined, action: AnyAction, input: unknown, options?: InvokeOptions): Promise<unknown>;
  /** Adds a wrapper; the returned function takes it away. */
  wrap(middleware: Middleware, options?: WrapOptions): () => void;
  /** Calls in flight. */
  active(): number;
  /** Resolves when no call is in flight: of one action, or at all. */
  idle(action?: AnyAction): Promise<void>;
  /** Resolves when the calls that are in flight now, of some kinds or of all, have ended. */
  passing(kinds?: readonly string[]): Promise<void>;
}

interface Wrapper {
  readonly middleware: Middleware;
  readonly place: number;
  readonly kinds: readonly string[] | undefined;
}

const TELL = MIDDLEWARE_ORDER.indexOf("tell");
const BUDGET = MIDDLEWARE_ORDER.indexOf("budget");
const INNERMOST = MIDDLEWARE_ORDER.length;
const NO_OPTIONS: InvokeOptions = {};

/** What the options of a turn that a message began say beyond the others. */
interface TurnOptions extends InvokeOptions {
  readonly asker?: LiveCall | undefined;
}

class LiveStep implements Step {
  readonly action: AnyAction;
  readonly input: unknown;
  readonly call: LiveCall;
  readonly options: InvokeOptions;

  // A field, so that it is still there in a copy: `next({ ...step, input })`.
  readonly enter: (frame: RunFrame) => void = enter;

  constructor(call: LiveCall, input: unknown, options: InvokeOptions) {
    this.action = call.action;
    this.input = input;
    this.call = call;
    this.options = options;
  }
}

function enter(this: LiveStep, frame: RunFrame): void {
  this.call.run = frame;
}

export function createInvoker(host: CallHost): Invoker {
  const plans = new WeakMap<AnyAction, Plan>();
  const load: Load = { active: 0, idle: undefined };
  let wrappers: readonly Wrapper[] = [];
  let version = 0;

  function planOf(action: AnyAction): Plan {
    const known = plans.get(action);
    if (known !== undefined && known.version === version) return known;
    const start = fold(host, action, wrappers);
    if (known !== undefined) {
      known.start = start;
      known.bounded = undefined;
      known.version = version;
      return known;
    }
    const check = action.input === undefined ? undefined : toCheck(action.input);
    const plan = { version, start, bounded: undefined, check, load: { active: 0, idle: undefined } };
    plans.set(action, plan);
    return plan;
  }

  function begin(course: Course, input: unknown, options: InvokeOptions): Promise<unknown> {
    const { call, plan } = course;
    if (call.reason !== undefined) return Promise.reject(call.reason);
    try {
      if (plan.check === undefined) return start(course, new LiveStep(call, input, options));
      const checked = plan.check(input);
      if (checked instanceof Promise) return checked.then((result) => startChecked(course, result, options));
      return startChecked(course, checked, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  function invoke(
    parent: LiveCall | undefined,
    action: AnyAction,
    input: unknown,
    options: InvokeOptions = NO_OPTIONS,
  ) {
    let plan: Plan;
    try {
      plan = planOf(action);
    } catch (error) {
      // A schema that cannot be made ready is the action's fault and fails the call, not the caller's stack.
      return Promise.reject(error);
    }
    const call = new LiveCall(host, action, parent, options.trace);
    if (parent === undefined) {
      call.enlist();
      const { asker } = options as TurnOptions;
      if (asker instanceof LiveCall) call.askedBy(asker);
    }
    if (options.frame !== undefined) call.run = options.frame;
    if (options.tenant !== undefined) call.tenant = options.tenant;
    if (options.session !== undefined) call.session = options.session;
    else if (call.session === "" && action.kind === "agent") call.session = sessionIn(input);
    const limit = options.timeout ?? action.timeout;
    const limited = limit !== undefined || options.signal !== undefined || options.budget !== undefined;
    const release = limited ? bound(host, call, limit, options.signal) : undefined;
    const course = new Course(host, call, { plan, load, release });
    const work = begin(course, input, options);
    call.result = parent === undefined || limited ? course.orCancelled(work) : course.follow(work);
    return call.result;
  }

  function start(course: Course, step: LiveStep): Promise<unknown> {
    const { run, tells } = chainOf(course.plan, course.call, step.options);
    course.tells = !tells;
    // Any watcher of actions, not only one of this kind: whoever comes meanwhile may want its end.
    if (!tells && host.events.ofActions > 0) course.told = tellBegin(host, step.call, step.input);
    return run(step);
  }

  /** Budgets stand only around calls that are under one. */
  function chainOf(plan: Plan, call: LiveCall, options: InvokeOptions): Chain {
    const { budgets } = host;
    if (call.purse === undefined && options.budget === undefined && !budgets.some()) return plan.start;
    plan.bounded ??= fold(
      host,
      call.action,
      [{ middleware: budgets.around, place: BUDGET, kinds: undefined }, ...wrappers]
        .sort(byPlace)
        .concat({ middleware: budgets.attempt, place: INNERMOST, kinds: ["model"] }),
    );
    return plan.bounded;
  }

  function startChecked(course: Course, checked: Checked, options: InvokeOptions): Promise<unknown> {
    const { call } = course;
    if ("value" in checked) return start(course, new LiveStep(call, checked.value, options));
    const { kind, name } = call.action;
    const problems = sayIssues(checked.issues);
    const error = fail("input.invalid", { kind, name, problems, issues: checked.issues }, { stack: false });
    call.emit("action.error", { ms: 0, error: toErrorJson(error) });
    return Promise.reject(error);
  }

  return {
    invoke,
    wrap(middleware, { place = "approval", kinds } = {}) {
      const wrapper = { middleware, place: MIDDLEWARE_ORDER.indexOf(place), kinds };
      // A stable sort: of two at one place, the one added first stands outside.
      wrappers = [...wrappers, wrapper].sort(byPlace);
      version++;
      return () => {
        wrappers = wrappers.filter((other) => other !== wrapper);
        version++;
      };
    },
    active: () => load.active,
    idle(action) {
      const waited = action === undefined ? load : plans.get(action)?.load;
      if (waited === undefined || waited.active === 0) return Promise.resolve();
      return new Promise((resolve) => {
        waited.idle ??= [];
        waited.idle.push(resolve);
      });
    },
    async passing(kinds) {
      const results: Promise<unknown>[] = [];
      host.roots.each(({ action, result }) => {
        if (result !== undefined && (kinds === undefined || kinds.includes(action.kind))) results.push(result);
      });
      await Promise.allSettled(results);
    },
  };
}

function byPlace(left: Wrapper, right: Wrapper): number {
  return left.place - right.place;
}

/** The conversation that an agent is spoken to in, where its input says so. */
function sessionIn(input: unknown): string {
  const { session } = (input ?? {}) as { readonly session?: unknown };
  return typeof session === "string" ? session : "";
}

function fold(host: CallHost, action: AnyAction, wrappers: readonly Wrapper[]): Chain {
  const mine = wrappers.filter(({ kinds }) => kinds === undefined || kinds.includes(action.kind));
  const around =
    (next: Next, { middleware }: Wrapper): Next =>
    (step) =>
      guarded(middleware, step, next);
  const inner = mine.filter(({ place }) => place > TELL).reduceRight(around, lastStep(action));
  const outer = mine.filter(({ place }) => place < TELL);
  if (outer.length === 0) return { run: inner, tells: false };
  return { run: outer.reduceRight(around, telling(host, inner)), tells: true };
}

function guarded(middleware: Middleware, step: Step, next: Next): Promise<unknown> {
  try {
    const output: unknown = middleware(step, next);
    return output instanceof Promise ? output : Promise.resolve(output);
  } catch (error) {
    return Promise.reject(error);
  }
}

function lastStep(action: AnyAction): Next {
  const check = action.output === undefined ? undefined : toCheck(action.output);
  if (check === undefined) return runAction;
  return async (step) => {
    const checked = await check(await runAction(step));
    if ("value" in checked) return checked.value;
    const { kind, name } = action;
    throw fail("output.invalid", { kind, name, problems: sayIssues(checked.issues), issues: checked.issues });
  };
}

function runAction(step: Step): Promise<unknown> {
  try {
    const output: unknown = step.action.run(step.input, step.call);
    return output instanceof Promise ? output : Promise.resolve(output);
  } catch (error) {
    return Promise.reject(error);
  }
}

function telling(host: CallHost, next: Next): Next {
  const { events } = host;
  return (step) => {
    const call = step.call as LiveCall;
    // A run lasts: whoever comes to watch it wants the ends of what had begun before, too.
    if (events.ofActions === 0 && call.run === undefined) return next(step);
    const told = events.ofActions === 0 ? undefined : tellBegin(host, call, step.input);
    return next(step).then(
      (output) => {
        if (events.ofActions > 0) (told ?? tellLate(host, call)).end(output);
        return output;
      },
      (error: unknown) => {
        if (events.ofActions > 0) (told ?? tellLate(host, call)).fail(error);
        throw error;
      },
    );
  };
}

/** Gives a call its own limits; the returned function lets go of timer and signal. */
function bound(host: CallHost, call: LiveCall, ms: number | undefined, signal: AbortSignal | undefined): () => void {
  let clear: (() => void) | undefined;
  if (ms !== undefined) {
    const { kind, name } = call.action;
    const deadline = host.clock.now() + ms;
    if (call.deadline === undefined || deadline < call.deadline) call.deadline = deadline;
    clear = host.clock.after(ms, () =>
      call.cancel(fail("call.timed_out", { kind, name, ms }, { stack: false, retryable: true })),
    );
  }
  if (signal === undefined) return () => clear?.();
  const stop = () => call.cancel(signal.reason);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  return () => {
    clear?.();
    signal.removeEventListener("abort", stop);
  };
}
