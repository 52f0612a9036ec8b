// What becomes of a call that is on its way: who hears of it, who waits for it, and what it lets go of at its end.
//
// 1. It settles once, whichever comes first: the end of the work, or the cancel of a call whose caller must not wait for it.
// 2. Its end is told of when the work has really ended, also when its caller was let go before.
import type { Next } from "../../call.ts";
import { toErrorJson } from "../../error.ts";
import type { Check } from "../../schema.ts";
import type { CallHost, LiveCall } from "./live-call.ts";

/** What an action needs to be called, made once for its present wrappers. */
export interface Plan {
  version: number;
  start: Chain;
  /** The same for calls under a budget; made when the first one comes. */
  bounded: Chain | undefined;
  readonly check: Check | undefined;
  readonly load: Load;
}

/** The wrappers of an action, folded around it. */
export interface Chain {
  readonly run: Next;
  /** Whether it tells of the call itself, because something stands outside of that; else its course does. */
  readonly tells: boolean;
}

/** How many calls are in flight, and who waits for there to be none. */
export interface Load {
  active: number;
  idle: (() => void)[] | undefined;
}

/** Tells that a call has begun; what is given tells of its end. */
export function tellBegin(host: CallHost, call: LiveCall, input: unknown): Told {
  const told = new Told(host, call, host.clock.monotonic());
  told.begin(input);
  return told;
}

/** What tells of the end of a call that nobody watched when it began: it took the time since somebody did. */
export function tellLate(host: CallHost, call: LiveCall): Told {
  return new Told(host, call, host.events.since);
}

/** A call that is told of, and when it began. */
class Told {
  readonly #host: CallHost;
  readonly #call: LiveCall;
  readonly #started: number;

  constructor(host: CallHost, call: LiveCall, started: number) {
    this.#host = host;
    this.#call = call;
    this.#started = started;
  }

  begin(input: unknown): void {
    const { clock, events } = this.#host;
    const { kind, name } = this.#call.action;
    if (!events.wanted("action.start", kind)) return;
    const { id, trace } = this.#call;
    const parent = this.#call.parent?.id;
    // Written out, not by call.emit: putting head and body together would cost as much as delivering.
    events.tell({ type: "action.start", at: clock.epochOf(this.#started), trace, call: id, kind, name, parent, input });
  }

  end(output: unknown): void {
    const { clock, events } = this.#host;
    const { kind, name } = this.#call.action;
    if (!events.wanted("action.end", kind)) return;
    const { id, trace } = this.#call;
    const ended = clock.monotonic();
    const ms = ended - this.#started;
    events.tell({ type: "action.end", at: clock.epochOf(ended), trace, call: id, kind, name, ms, output });
  }

  fail(error: unknown): void {
    const ms = this.#host.clock.monotonic() - this.#started;
    this.#call.emit("action.error", { ms, error: toErrorJson(error) });
  }
}

interface CourseOptions {
  readonly plan: Plan;
  /** All calls in flight. */
  readonly load: Load;
  readonly release: (() => void) | undefined;
}

/** What becomes of a call: whoever it was told to, what it holds, and who awaits it. */
export class Course {
  readonly call: LiveCall;
  /** What tells of its end; undefined where nobody watched its begin, or the chain tells itself. */
  told: Told | undefined = undefined;
  readonly plan: Plan;
  /** Whether it tells of the call, and not the chain. */
  tells = false;
  readonly #host: CallHost;
  readonly #load: Load;
  readonly #release: (() => void) | undefined;

  constructor(host: CallHost, call: LiveCall, { plan, load, release }: CourseOptions) {
    this.#host = host;
    this.call = call;
    this.plan = plan;
    this.#load = load;
    this.#release = release;
    load.active++;
    plan.load.active++;
  }

  /** Gives what the work gives. */
  follow(work: Promise<unknown>): Promise<unknown> {
    return work.then(
      (output) => {
        this.#done(output);
        return output;
      },
      (error: unknown) => {
        this.#failed(error);
        throw error;
      },
    );
  }

  /** The same, but rejects at once when the call is cancelled, even if its action does not care. */
  orCancelled(work: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const refuse = (error: unknown) => {
        this.#settle();
        reject(error);
      };
      const { call } = this;
      // It may have been cancelled while its action began.
      if (call.reason === undefined) call.cancelled = refuse;
      else refuse(call.reason);
      work.then(
        (output) => {
          this.#done(output);
          resolve(output);
        },
        (error: unknown) => {
          this.#failed(error);
          reject(error);
        },
      );
    });
  }

  #done(output: unknown): void {
    if (this.told !== undefined || this.#isAwaited()) this.#teller().end(output);
    this.#settle();
  }

  #failed(error: unknown): void {
    if (this.told !== undefined || this.#isAwaited()) this.#teller().fail(error);
    this.#settle();
  }

  /** Whether somebody came to watch only after it had begun. */
  #isAwaited(): boolean {
    return this.tells && this.#host.events.ofActions > 0;
  }

  #teller(): Told {
    return this.told ?? tellLate(this.#host, this.call);
  }

  #settle(): void {
    if (!this.call.end()) return;
    this.#release?.();
    lighten(this.plan.load);
    lighten(this.#load);
  }
}

function lighten(load: Load): void {
  load.active--;
  if (load.active > 0 || load.idle === undefined) return;
  for (const resolve of load.idle) resolve();
  load.idle = undefined;
}
