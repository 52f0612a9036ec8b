import type { Action, AnyAction } from "./action.ts";
import type { BudgetLimits } from "./budget.ts";
import type { EventBodies, EventType } from "./event.ts";
import type { KindName, Kinds } from "./kind.ts";
import type { Write } from "./kinds/journal-records.ts";
import type { Log } from "./log.ts";
import type { Delivery, Draft, Message } from "./message.ts";
import type { JsonSchema } from "./schema.ts";

/** One piece of work in flight, and everything that work may do. Made by `invoke`, ended when its result is there. */
export interface Call {
  readonly id: string;
  /** The call that asked for this one; undefined for the outermost. */
  readonly parent: Call | undefined;
  readonly action: AnyAction;
  /** The id of the outermost call. */
  readonly trace: string;
  /** Fires when the call is cancelled, times out, or its parent ends. Made on first use. */
  readonly signal: AbortSignal;
  /** Epoch milliseconds after which the call is stopped. */
  readonly deadline: number | undefined;
  /** The run that keeps this call; undefined when nobody does. */
  readonly run: RunFrame | undefined;
  /** On whose behalf this is done; "" when nobody was named. */
  readonly tenant: string;
  /** The conversation this is a part of; "" when there is none. */
  readonly session: string;
  readonly log: Log;

  /** Does other work as a part of this. */
  invoke<Input, Output>(action: Action<Input, Output>, input: Input, options?: InvokeOptions): Promise<Output>;
  get<Kind extends KindName>(kind: Kind, name: string): Kinds[Kind];
  /** The newest thing of a kind, or undefined when there is none. */
  find<Kind extends KindName>(kind: Kind, name?: string): Kinds[Kind] | undefined;
  /** One thing for each name of a kind, newest first. */
  list<Kind extends KindName>(kind: Kind): readonly Kinds[Kind][];
  emit<Type extends EventType>(type: Type, body: EventBodies[Type]): void;
  /** Tells somebody; what is told outlives this call. Under a run, a replay does not tell it again. */
  send(draft: Draft): Delivery | Promise<Delivery>;
  /** Asks somebody and awaits the answer, under the same trace; under a run, the answer is kept. */
  request(draft: Draft, options?: InvokeOptions): Promise<unknown>;

  /** Epoch milliseconds; under a run, the same on every replay. */
  now(): Promise<number>;
  /** From 0 (included) to 1 (excluded); under a run, the same on every replay. */
  random(): Promise<number>;
  /** A unique id; under a run, the same on every replay. */
  uniqueId(): Promise<string>;
  /** Waits; under a run, across restarts. */
  sleep(ms: number): Promise<void>;
  /** Asks a human or another system, for as long as it takes. Needs a run. */
  ask(question: Question): Promise<Answer>;
  /**
   * Waits for the next signal of a name that is said to the run, or, for `topic:PATTERN`, for the next message of such a
   * topic since this was first asked for; undefined when the time is over. What came early waits. A message is heard once for
   * each pattern that it matches; those who wait for the same name share what comes. Needs a run.
   */
  hear(name: string, options?: HearOptions): Promise<Heard | undefined>;
}

export interface HearOptions {
  /** Milliseconds after which nothing is waited for any more. */
  readonly timeout?: number;
}

/** What was said to a run. */
export interface Heard {
  /** Whoever said it may have given it; of a message, the message's. */
  readonly id: string;
  readonly name: string;
  readonly body: unknown;
  /** Epoch milliseconds when it was kept. */
  readonly at: number;
}

export interface InvokeOptions {
  /** Cancels the call when it fires. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which the call is stopped. */
  readonly timeout?: number;
  /** Under a run: replaces the input in the identity of this step, where the input is not stable. */
  readonly key?: string;
  /** Continues a trace that began elsewhere; only for calls without a parent. */
  readonly trace?: string;
  /** Puts the call under a run from its first moment: for engines that keep runs. */
  readonly frame?: RunFrame;
  /** The most that this call and all below it may use up. */
  readonly budget?: BudgetLimits;
  /** On whose behalf; handed down to what it calls. Budgets and fairness go by it. */
  readonly tenant?: string;
  /** The conversation this is a part of; handed down to what it calls. */
  readonly session?: string;
}

/** A question that a run asks, to be answered by a human or a system, perhaps in another process. */
export interface Question {
  readonly title: string;
  /** Why it is asked. */
  readonly why?: string;
  /** What the answer is about: shown to whoever decides. */
  readonly context?: unknown;
  /** The answers to choose from; without it, any answer that `schema` accepts. */
  readonly options?: readonly string[];
  readonly schema?: JsonSchema;
  /** Milliseconds until the fallback answers. */
  readonly timeout?: number;
  readonly fallback?: unknown;
}

export interface Answer {
  readonly value: unknown;
  /** Who answered: a person's name, or "fallback". */
  readonly by: string;
  readonly at: number;
  readonly comment?: string;
}

/**
 * The place of one call in a kept run. The durable wrapper makes one per call; `invoke` passes it down.
 * Nothing else knows how runs are kept.
 */
export interface RunFrame {
  readonly run: string;
  /** The stable identity of this step: equal on every replay, and so the idempotency key towards the outside. */
  readonly key: string;
  /** How often this step was begun before without a kept result. */
  readonly attempt: number;
  now(): Promise<number>;
  random(): Promise<number>;
  uniqueId(): Promise<string>;
  sleep(ms: number): Promise<void>;
  ask(question: Question): Promise<Answer>;
  hear(name: string, options?: HearOptions): Promise<Heard | undefined>;
  /** In a step with the effect `tx`: a change of the journal's database that is made when, and only when, its result is kept. */
  write(write: Write): Promise<void>;
}

/** One call on its way through the middleware. */
export interface Step {
  readonly action: AnyAction;
  readonly input: unknown;
  readonly call: Call;
  readonly options: InvokeOptions;
  /** Puts the call, and what it calls, under a run. For the durable wrapper only. */
  enter(frame: RunFrame): void;
}

/** Goes on to the next wrapper, and at last to the action. May be called again (retry) or not at all (cache). */
export type Next = (step: Step) => Promise<unknown>;

/** Wraps the one path that every action takes. One that only looks returns `next(step)` and does not await it. */
export type Middleware = (step: Step, next: Next) => Promise<unknown>;

/** Where a wrapper stands, outermost first. What is before `tell` runs even when the result is replayed. */
export const MIDDLEWARE_ORDER = [
  "durable",
  "tell",
  "approval",
  "budget",
  "cache",
  "fallback",
  "retry",
  "pacing",
  "timeout",
] as const;

export type MiddlewarePlace = Exclude<(typeof MIDDLEWARE_ORDER)[number], "tell">;

export interface WrapOptions {
  /** Default `approval`: told about, and outside of retries. */
  readonly place?: MiddlewarePlace;
  /** Only actions of these kinds; default all. */
  readonly kinds?: readonly string[];
}

/** Handles what was said to someone: the message, and a call to work with. */
export type Receive = (message: Message, call: Call) => unknown;
