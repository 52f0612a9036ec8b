// What a plugin works with, and what it brought.
//
// 1. All it brings belongs to its scope; nothing is put in place that the scope did not take.
// 2. A version that is to replace another puts nothing in place before it is committed: until then only it sees what
//    it brings, and one that fails was never there.
import type { AnyAction } from "../action.ts";
import type { InvokeOptions } from "../call.ts";
import { fail } from "../errors.ts";
import type { Event, EventBodies, EventType } from "../event.ts";
import type { KindName, Kinds, Named } from "../kind.ts";
import { createLog } from "../log.ts";
import type { PluginContext } from "../plugin.ts";
import type { Scope } from "../scope.ts";
import type { Bus } from "./bus.ts";
import type { Invoker } from "./invoke.ts";
import type { CallHost } from "./live-call.ts";
import { listen } from "./receivers.ts";

export interface ContextHost extends CallHost {
  readonly bus: Bus;
  readonly invoker: Invoker;
  /** What only granted plugins may use, by kind; it is on no shelf, so nothing else can reach it. */
  readonly guarded: ReadonlyMap<string, Named>;
  granted(plugin: string, kind: string): boolean;
  /** Resolves when an agent that was taken off the shelf has stopped; at once for everything else. */
  stopped(kind: string, thing: Named): Promise<void>;
}

/** What a plugin brought. */
export interface Holdings {
  names(): readonly string[];
  /** Puts everything in place: at once, without a moment in which half of it is there. */
  commit(): void;
  /** Takes everything out of its place; what is in work goes on. */
  withdraw(): void;
  /** After withdrawing: resolves when its agents have stopped. */
  stopped(): Promise<void>;
  /** After withdrawing: resolves when nothing of it is in work any more. */
  idle(): Promise<void>;
}

/** One thing brought: how to put it in its place, and what is on the shelf, if it is there. */
interface Brought {
  readonly place: () => () => void;
  readonly kind?: string;
  readonly thing?: Named;
  readonly idle?: () => Promise<void>;
  takeBack?: (() => void) | undefined;
}

export interface Making {
  readonly name: string;
  readonly scope: Scope;
  /** Whether what it brings waits for `commit`. */
  readonly staged: boolean;
}

/** Makes what a plugin works with during set-up; everything it opens belongs to the scope. */
export function createContext(host: ContextHost, { name, scope, staged }: Making) {
  const brought = new Set<Brought>();
  let inPlace = !staged;

  function bring(one: Brought): () => void {
    const takeBack = () => {
      brought.delete(one);
      one.takeBack?.();
    };
    const release = scope.hold(takeBack);
    brought.add(one);
    try {
      if (inPlace) one.takeBack = one.place();
    } catch (error) {
      void release();
      throw error;
    }
    return () => void release();
  }

  /** The guarded thing of a kind, if this plugin was granted it; undefined for kinds that are free. */
  function guarded(kind: string): Named | undefined {
    const thing = host.guarded.get(kind);
    if (thing !== undefined && !host.granted(name, kind)) throw fail("plugin.not_granted", { name, what: kind });
    return thing;
  }

  /** What this version brings and nobody else sees yet, newest first. */
  function hidden(kind: string): readonly Named[] {
    if (inPlace) return [];
    const own = [...brought].filter((one) => one.kind === kind).map((one) => one.thing as Named);
    return own.reverse();
  }

  const find = (kind: string, thing?: string) =>
    guarded(kind) ??
    hidden(kind).find((one) => thing === undefined || one.name === thing) ??
    host.registry.find(kind, thing);

  const ctx: PluginContext = {
    name,
    get signal() {
      return scope.signal;
    },
    log: createLog(name, host.write, host.clock.now),
    clock: host.clock,
    ids: host.ids,
    own: (thing) => scope.own(thing),
    provide: (kind, thing) => bring({ kind, thing, place: () => host.registry.provide(kind, thing, name) }),
    wrap(middleware, options) {
      bring({ place: () => host.invoker.wrap(middleware, options) });
    },
    get<Kind extends KindName>(kind: Kind, thing: string) {
      return (find(kind, thing) ?? host.registry.get(kind, thing)) as Kinds[Kind];
    },
    find<Kind extends KindName>(kind: Kind, thing?: string) {
      return find(kind, thing) as Kinds[Kind] | undefined;
    },
    list<Kind extends KindName>(kind: Kind) {
      const only = guarded(kind);
      if (only !== undefined) return [only] as unknown as readonly Kinds[Kind][];
      const own = hidden(kind);
      const names = new Set(own.map((thing) => thing.name));
      const others = host.registry.list(kind).filter((thing) => !names.has(thing.name));
      return [...own, ...others] as unknown as readonly Kinds[Kind][];
    },
    watch: (filter, watcher) => bring({ place: () => host.events.watch(filter, watcher) }),
    emit<Type extends EventType>(type: Type, body: EventBodies[Type]) {
      if (!host.events.wanted(type, "plugin")) return;
      const at = host.clock.now();
      host.events.tell({ type, at, trace: "", call: "", kind: "plugin", name, ...body } as unknown as Event);
    },
    invoke: (action, input, options?: InvokeOptions) =>
      host.invoke(undefined, action as AnyAction, input, options) as Promise<never>,
    send: (draft) => host.send(draft, undefined),
    receive(address, receive, mailbox = {}) {
      const listener = listen(host, { address, receive, mailbox, owner: name });
      scope.own(() => listener.end());
      bring({ place: listener.join, idle: listener.idle });
    },
  };

  const things = () =>
    [...brought].flatMap(({ kind, thing }) => (kind === undefined || thing === undefined ? [] : [{ kind, thing }]));
  const stopped = async () => void (await Promise.all(things().map(({ kind, thing }) => host.stopped(kind, thing))));
  const holdings: Holdings = {
    names: () => things().map(({ kind, thing }) => `${kind}:${thing.name}`),
    commit() {
      if (inPlace) return;
      inPlace = true;
      for (const one of brought) one.takeBack = one.place();
    },
    withdraw() {
      for (const one of [...brought].reverse()) one.takeBack?.();
    },
    stopped,
    async idle() {
      // What another version brings as well goes on being used: there is no waiting for its end.
      const gone = things().filter(({ kind, thing }) => host.registry.find(kind, thing.name) !== thing);
      const calls = gone.map(({ thing }) => host.invoker.idle(thing as AnyAction));
      await Promise.all([...calls, stopped(), ...[...brought].map((one) => one.idle?.())]);
    },
  };
  return { ctx, holdings };
}
