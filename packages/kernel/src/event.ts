// The event stream. Watching never steers.
//
// 1. Nobody watching: no event object is made.
// 2. Watchers are called synchronously; those with the same filter in the order they came. What they throw is logged, never thrown on.
// 3. A watcher that names a trace, a type or a kind is found by it: a hundred streams do not look at each other's events.
import { EventEmitter } from "eventemitter3";
import type { Exceeded } from "./budget-sentence.ts";
import type { ErrorJson } from "./error.ts";
import type { Redaction } from "./redaction.ts";

/** What each event type carries beside the standard fields. Packages add theirs by declaration merging. */
export interface EventBodies {
  /** Work began. `parent` is the call that asked for it. */
  "action.start": { readonly parent: string | undefined; readonly input: unknown };
  /** A piece of a growing answer: text, in order. */
  "action.delta": { readonly body: string };
  /** Work ended well after `ms`. */
  "action.end": { readonly ms: number; readonly output: unknown };
  "action.error": { readonly ms: number; readonly error: ErrorJson };
  /** A journalled result was given back without running again; it must not be counted a second time. */
  "action.replayed": { readonly ms: number };
  "plugin.changed": { readonly status: string; readonly version: string; readonly reason?: string };
  "agent.changed": { readonly from: string; readonly to: string; readonly reason?: string };
  "message.sent": { readonly id: string; readonly from: string; readonly to: string; readonly status: string };
  /** A receiver took it out to work on it. `to` is the receiver. */
  "message.received": { readonly id: string; readonly to: string };
  "message.handled": { readonly id: string; readonly ms: number };
  "message.failed": { readonly id: string; readonly error: ErrorJson };
  /** It came to nothing at this receiver, and nobody waits for an answer; `letter` is the id of the dead letter. */
  "message.dead": { readonly id: string; readonly letter: string; readonly to: string; readonly reason: ErrorJson };
  /** Tokens that a model call used, and what they cost (US dollars) where a price is known. */
  "model.usage": {
    readonly model: string;
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly cost?: number;
    readonly rehearsal: boolean;
  };
  /** A budget had no room for what a call wanted, or was crossed by it. */
  "budget.exceeded": Exceeded;
  "run.changed": {
    readonly run: string;
    readonly status: string;
    readonly reason?: string;
    /**
     * What became of this process's hold on it, where its status does not say so: let go of while it only waits, taken
     * over from a worker that is gone, or lost because its lease ran out.
     */
    readonly hold?: "parked" | "taken" | "lost";
  };
  "decision.changed": { readonly run: string; readonly token: string; readonly status: string };
  /** A task of the scheduler went on; its kind is `task`, its trace that of the work. */
  "task.changed": {
    readonly task: string;
    readonly status: string;
    readonly priority: string;
    readonly role?: string;
    readonly agent?: string;
    readonly reason?: string;
  };
  "file.changed": { readonly path: string; readonly status: string; readonly reason?: string };
}

export type EventType = keyof EventBodies & string;

/** The fields every event has. */
export interface EventHead<Type extends string> {
  readonly type: Type;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The id of the outermost call this belongs to; "" outside any call. */
  readonly trace: string;
  /** The id of the call that tells; "" outside any call. */
  readonly call: string;
  readonly kind: string;
  readonly name: string;
}

/** Something that happened. */
export type Event = { [Type in EventType]: EventHead<Type> & EventBodies[Type] }[EventType];

/** Which events a watcher wants; nothing named means all. */
export interface EventFilter {
  readonly trace?: string;
  readonly type?: EventType;
  readonly kind?: string;
}

export type Watcher = (event: Event) => void;

/** One stream of events, to tell on and to watch. */
export interface EventStream {
  /** Says whether anybody would get such an event: ask before building one. */
  wanted(type: EventType, kind: string): boolean;
  tell(event: Event): void;
  /** Calls back for each matching event until the returned function is called. */
  watch(filter: EventFilter, watcher: Watcher): () => void;
  readonly watchers: number;
  /** How many of them may hear of begins and ends of actions: what is measured for them is measured only then. */
  readonly ofActions: number;
  /** How many of them may hear of messages. */
  readonly ofMessages: number;
  /** Since when somebody may hear of actions, by the given monotonic time. */
  readonly since: number;
}

export interface EventStreamOptions {
  /** Hides what must not be seen. */
  readonly redaction?: Redaction;
  /** Milliseconds that never go back; default: time stands still. */
  readonly monotonic?: () => number;
}

/** Makes an event stream; `failed` hears of watchers that threw. */
export function createEventStream(failed: (error: unknown) => void, options: EventStreamOptions = {}): EventStream {
  return new LiveEvents(failed, options);
}

// A class, because every call asks it several times: V8 keeps an object that is written down with getters as a hash
// table, in which each field is searched for.
class LiveEvents implements EventStream {
  watchers = 0;
  ofActions = 0;
  ofMessages = 0;
  since = 0;
  readonly #redaction: Redaction | undefined;
  readonly #monotonic: () => number;
  readonly #all = channel();
  readonly #traces = channel();
  readonly #types = channel();
  readonly #kinds = channel();
  readonly #round: Round;

  constructor(failed: (error: unknown) => void, { redaction, monotonic = () => 0 }: EventStreamOptions) {
    this.#redaction = redaction;
    this.#monotonic = monotonic;
    this.#round = { left: undefined, deep: 0, failed };
  }

  wanted(type: EventType, kind: string): boolean {
    if (this.watchers > 0) {
      if (this.#all.count > 0 || this.#traces.count > 0) return true;
      if (listenersOf(this.#types, type).length > 0 || listenersOf(this.#kinds, kind).length > 0) return true;
    }
    return (type === "action.end" || type === "action.error") && this.#redaction?.waiting() === true;
  }

  tell(event: Event): void {
    if (this.#redaction === undefined) {
      this.#deliver(event);
      return;
    }
    try {
      this.#redaction.pass(event, this.#deliver);
    } catch (error) {
      // What cannot be looked into (a getter that throws) cannot be shown to be clean.
      this.#round.failed(error);
    }
  }

  watch(filter: EventFilter, watcher: Watcher): () => void {
    const { channel, key } = this.#placeOf(filter);
    // Found by the one field it names, an event needs no second look.
    const found = Object.values(filter).filter((wanted) => wanted !== undefined).length < 2;
    // One that watches twice is two watchers: the second needs a function of its own.
    const bare = found && !listenersOf(channel, key).includes(watcher);
    const listener: Watcher = bare
      ? watcher
      : (event) => {
          if (matches(filter, event)) watcher(event);
        };
    let watching = true;
    channel.emitter.on(key, listener);
    forget(channel, key);
    channel.count++;
    this.#tally(filter, 1);
    return () => {
      if (!watching) return;
      watching = false;
      channel.emitter.off(key, listener);
      forget(channel, key);
      channel.count--;
      this.#tally(filter, -1);
      if (this.#round.deep > 0) {
        this.#round.left ??= new Set();
        this.#round.left.add(listener);
      }
    };
  }

  /** Bound, because a redaction calls it. */
  readonly #deliver = (event: Event): void => {
    const round = this.#round;
    if (this.#all.count > 0) tellAll(round, listenersOf(this.#all, "*"), event);
    if (this.#traces.count > 0) tellAll(round, listenersOf(this.#traces, event.trace), event);
    if (this.#types.count > 0) tellAll(round, listenersOf(this.#types, event.type), event);
    if (this.#kinds.count > 0) tellAll(round, listenersOf(this.#kinds, event.kind), event);
  };

  #tally({ type }: EventFilter, change: 1 | -1): void {
    this.watchers += change;
    if (type === undefined || (type.startsWith("action.") && type !== "action.delta")) {
      if (this.ofActions === 0) this.since = this.#monotonic();
      this.ofActions += change;
    }
    if (type === undefined || type.startsWith("message.")) this.ofMessages += change;
  }

  #placeOf({ trace, type, kind }: EventFilter): { readonly channel: Channel; readonly key: string } {
    if (trace !== undefined) return { channel: this.#traces, key: trace };
    if (type !== undefined) return { channel: this.#types, key: type };
    return kind === undefined ? { channel: this.#all, key: "*" } : { channel: this.#kinds, key: kind };
  }
}

/** One event on its way: those who leave meanwhile are told nothing more of it. */
interface Round {
  left: Set<Watcher> | undefined;
  /** How many are on their way: a watcher may tell another event. */
  deep: number;
  readonly failed: (error: unknown) => void;
}

const NOBODY: readonly Watcher[] = [];

/** Calls all of them, those after one that throws as well: the emitter's own round would end there. */
function tellAll(round: Round, listeners: readonly Watcher[], event: Event): void {
  if (listeners.length < 2) {
    tellOne(round, listeners[0], event);
    return;
  }
  round.deep++;
  for (let index = 0; index < listeners.length; ) {
    try {
      while (index < listeners.length) {
        const listener = listeners[index++] as Watcher;
        if (round.left === undefined || !round.left.has(listener)) listener(event);
      }
    } catch (error) {
      round.failed(error);
    }
  }
  if (--round.deep === 0) round.left = undefined;
}

/** Calls the only one there is: nobody can leave before its turn. */
function tellOne(round: Round, listener: Watcher | undefined, event: Event): void {
  try {
    listener?.(event);
  } catch (error) {
    round.failed(error);
  }
}

/** Watchers by one field of the event, so that telling looks only where somebody watches. */
interface Channel {
  readonly emitter: EventEmitter;
  /** Who watches by what, until somebody comes or goes: the emitter makes a new list each time it is asked. */
  readonly lists: Map<string, readonly Watcher[]>;
  /** The key asked for last, and its list: most events are like the one before. */
  lastKey: string | undefined;
  last: readonly Watcher[];
  count: number;
}

function channel(): Channel {
  return { emitter: new EventEmitter(), lists: new Map(), lastKey: undefined, last: NOBODY, count: 0 };
}

function listenersOf(channel: Channel, key: string): readonly Watcher[] {
  if (channel.lastKey === key) return channel.last;
  if (channel.count === 0) return NOBODY;
  channel.last = channel.lists.get(key) ?? findListeners(channel, key);
  channel.lastKey = key;
  return channel.last;
}

function findListeners({ emitter, lists }: Channel, key: string): readonly Watcher[] {
  const listeners = emitter.listeners(key) as readonly Watcher[];
  // What nobody watches is not remembered: traces are without end.
  if (listeners.length === 0) return NOBODY;
  lists.set(key, listeners);
  return listeners;
}

function forget(channel: Channel, key: string): void {
  channel.lists.delete(key);
  channel.lastKey = undefined;
}

function matches({ trace, type, kind }: EventFilter, event: Event): boolean {
  return (
    (trace === undefined || trace === event.trace) &&
    (type === undefined || type === event.type) &&
    (kind === undefined || kind === event.kind)
  );
}
