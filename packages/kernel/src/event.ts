// The event stream. Watching never steers.
//
// 1. Nobody watching: no event object is made.
// 2. Watchers are called synchronously; those with the same filter in the order they came. What they throw is logged, never thrown on.
// 3. A watcher that names a trace, a type or a kind is found by it: a hundred streams do not look at each other's events.
import { EventEmitter } from "eventemitter3";
import type { ErrorJson } from "./error.ts";

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
  "message.handled": { readonly id: string; readonly ms: number };
  "message.failed": { readonly id: string; readonly error: ErrorJson };
  /** Tokens that a model call used, and what they cost (US dollars) where a price is known. */
  "model.usage": {
    readonly model: string;
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly cost?: number;
    readonly rehearsal: boolean;
  };
  "run.changed": { readonly run: string; readonly status: string; readonly reason?: string };
  "decision.changed": { readonly run: string; readonly token: string; readonly status: string };
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
}

/** Makes an event stream; `failed` hears of watchers that threw. */
export function createEventStream(failed: (error: unknown) => void): EventStream {
  const all = channel();
  const traces = channel();
  const types = channel();
  const kinds = channel();
  let count = 0;

  function placeOf({ trace, type, kind }: EventFilter): { readonly channel: Channel; readonly key: string } {
    if (trace !== undefined) return { channel: traces, key: trace };
    if (type !== undefined) return { channel: types, key: type };
    return kind === undefined ? { channel: all, key: "*" } : { channel: kinds, key: kind };
  }

  return {
    get watchers() {
      return count;
    },
    wanted(type, kind) {
      if (count === 0) return false;
      if (all.count > 0 || traces.count > 0) return true;
      return has(types, type) || has(kinds, kind);
    },
    tell(event) {
      if (all.count > 0) all.emitter.emit("*", event);
      if (traces.count > 0) traces.emitter.emit(event.trace, event);
      if (types.count > 0) types.emitter.emit(event.type, event);
      if (kinds.count > 0) kinds.emitter.emit(event.kind, event);
    },
    watch(filter, watcher) {
      const { channel, key } = placeOf(filter);
      // Found by the one field it names, an event needs no second look.
      const found = Object.values(filter).filter((wanted) => wanted !== undefined).length < 2;
      let watching = true;
      const guarded = (event: Event) => {
        // An emitter finishes its round with those it began with, even if one of them left meanwhile.
        if (!watching || !(found || matches(filter, event))) return;
        try {
          watcher(event);
        } catch (error) {
          failed(error);
        }
      };
      channel.emitter.on(key, guarded);
      channel.count++;
      count++;
      return () => {
        if (!watching) return;
        watching = false;
        channel.emitter.off(key, guarded);
        channel.count--;
        count--;
      };
    },
  };
}

/** Watchers by one field of the event, so that telling looks only where somebody watches. */
interface Channel {
  readonly emitter: EventEmitter;
  count: number;
}

function channel(): Channel {
  return { emitter: new EventEmitter(), count: 0 };
}

function has({ emitter, count }: Channel, key: string): boolean {
  return count > 0 && emitter.listenerCount(key) > 0;
}

function matches({ trace, type, kind }: EventFilter, event: Event): boolean {
  return (
    (trace === undefined || trace === event.trace) &&
    (type === undefined || type === event.type) &&
    (kind === undefined || kind === event.kind)
  );
}
