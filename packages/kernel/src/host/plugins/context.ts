// What a plugin works with, and what it brought.
//
// 1. All it brings belongs to its scope; nothing is put in place that the scope did not take.
// 2. A version that is to replace another puts nothing in place before it is told to: until then only it sees what
//    it brings, and one that fails was never there. One that was taken out of its place puts nothing there either.
// 3. Where permission is asked for, it is asked for before anything is brought or handed out.
import type { AnyAction } from "../../action.ts";
import type { InvokeOptions } from "../../call.ts";
import { isMofaError } from "../../error.ts";
import { fail } from "../../errors.ts";
import type { Event, EventBodies, EventType } from "../../event.ts";
import type { KindName, Kinds, Named } from "../../kind.ts";
import { createLog } from "../../log.ts";
import type { PluginContext } from "../../plugin.ts";
import type { Scope } from "../../scope.ts";
import type { Secrets } from "../../secrets.ts";
import type { Invoker } from "../calls/invoke.ts";
import type { CallHost } from "../calls/live-call.ts";
import type { Bus } from "../messages/bus.ts";
import { listen } from "../messages/receivers.ts";
import { blaming } from "./quarantine.ts";

export interface ContextHost extends CallHost {
  readonly bus: Bus;
  readonly invoker: Invoker;
  /** What only granted plugins may use, by kind; it is on no shelf, so nothing else can reach it. */
  readonly guarded: ReadonlyMap<string, Named>;
  granted(plugin: string, kind: string): boolean;
  readonly secrets: Secrets;
  /** Resolves when an agent that was taken off the shelf has stopped; at once for everything else. */
  stopped(kind: string, thing: Named): Promise<void>;
  /** Why the kernel takes no new work any more; undefined while it does. */
  refusal(): unknown;
}

/** What a plugin brought. */
export interface Holdings {
  names(): readonly string[];
  /** Puts everything in place: at once, without a moment in which half of it is there. */
  place(): void;
  /** Takes everything out of its place; what is in work goes on. */
  withdraw(): void;
  /** Resolves when the messages it took in are handled. */
  quiet(): Promise<void>;
  /** After withdrawing: resolves when its agents have stopped. */
  stopped(): Promise<void>;
  /** After withdrawing: resolves when nothing of it is in work any more. */
  idle(): Promise<void>;
}

/** One thing brought: how to put it in its place, and what is on the shelf, if it is there. */
interface Brought {
  readonly place: (one: Brought) => () => void;
  readonly kind?: string;
  readonly thing?: Named;
  /** Resolves when nothing of it is in work. */
  readonly idle?: () => Promise<void>;
  /** Resolves when the messages it took in are handled. */
  readonly quiet?: () => Promise<void>;
  takeBack?: (() => void) | undefined;
}

export interface Making {
  readonly name: string;
  readonly scope: Scope;
  /** Whether what it brings waits to be put in place. */
  readonly staged: boolean;
}

/** Makes what a plugin works with during set-up; everything it opens belongs to the scope. */
export function createContext(host: ContextHost, { name, scope, staged }: Making) {
  const { permission } = host;
  const brought = new Set<Brought>();
  let where: "staged" | "placed" | "withdrawn" = staged ? "staged" : "placed";

  /** Counts what its watchers, receivers and wrappers threw; a MoFA error is an answer, not a fault. */
  function blame(error: unknown): void {
    if (where === "placed" && !isMofaError(error)) host.fault?.(name, error);
  }

  function bring(one: Brought): () => void {
    const takeBack = () => {
      brought.delete(one);
      leave(one);
    };
    const release = scope.hold(takeBack);
    brought.add(one);
    try {
      if (where === "placed") one.takeBack = one.place(one);
    } catch (error) {
      void release();
      throw error;
    }
    return () => void release();
  }

  function place(): void {
    where = "placed";
    try {
      for (const one of brought) one.takeBack ??= one.place(one);
    } catch (error) {
      withdraw();
      throw error;
    }
  }

  function withdraw(): void {
    where = "withdrawn";
    for (const one of [...brought].reverse()) leave(one);
  }

  // One for all things: a plugin may bring a hundred thousand.
  const onShelf = ({ kind, thing }: Brought) => host.registry.provide(kind as string, thing as Named, name);

  /** The guarded thing of a kind, if this plugin was granted it; undefined for kinds that are free. */
  function guarded(kind: string): Named | undefined {
    const thing = host.guarded.get(kind);
    if (thing !== undefined && !host.granted(name, kind)) throw fail("plugin.not_granted", { name, what: kind });
    return thing;
  }

  /** What this version brings and nobody else sees yet, newest first. */
  function hidden(kind: string): readonly Named[] {
    if (where !== "staged") return [];
    const own = [...brought].filter((one) => one.kind === kind).map((one) => one.thing as Named);
    return own.reverse();
  }

  function find(kind: string, thing?: string): Named | undefined {
    permission?.check(name, "use", kind);
    return (
      guarded(kind) ??
      hidden(kind).find((one) => thing === undefined || one.name === thing) ??
      host.registry.find(kind, thing)
    );
  }

  const ctx: PluginContext = {
    name,
    get signal() {
      return scope.signal;
    },
    log: createLog(name, host.write, host.clock.now),
    clock: host.clock,
    ids: host.ids,
    redact: host.secrets.redact,
    own: (thing) => scope.own(thing),
    provide(kind, thing) {
      permission?.check(name, "provide", kind);
      permission?.belongs(thing, name);
      host.registry.check(kind, thing);
      return bring({ kind, thing, place: onShelf });
    },
    wrap(middleware, options) {
      for (const kind of options?.kinds ?? ["*"]) permission?.check(name, "wrap", kind);
      const wrapper = host.fault === undefined ? middleware : blaming(middleware, blame);
      const inWork = () => host.invoker.passing(options?.kinds);
      bring({ place: () => host.invoker.wrap(wrapper, options), idle: inWork });
    },
    get<Kind extends KindName>(kind: Kind, thing: string) {
      return (find(kind, thing) ?? host.registry.get(kind, thing)) as Kinds[Kind];
    },
    find<Kind extends KindName>(kind: Kind, thing?: string) {
      return find(kind, thing) as Kinds[Kind] | undefined;
    },
    list<Kind extends KindName>(kind: Kind) {
      permission?.check(name, "use", kind);
      const only = guarded(kind);
      if (only !== undefined) return [only] as unknown as readonly Kinds[Kind][];
      const own = hidden(kind);
      const names = new Set(own.map((thing) => thing.name));
      const others = host.registry.list(kind).filter((thing) => !names.has(thing.name));
      return [...own, ...others] as unknown as readonly Kinds[Kind][];
    },
    watch(filter, watcher) {
      permission?.check(name, "watch", filter.kind ?? "*");
      const watching = (event: Event) => {
        try {
          watcher(event);
        } catch (error) {
          blame(error);
          throw error;
        }
      };
      return bring({ place: () => host.events.watch(filter, watching) });
    },
    emit<Type extends EventType>(type: Type, body: EventBodies[Type]) {
      if (!host.events.wanted(type, "plugin")) return;
      const head = { type, at: host.clock.now(), trace: "", call: "", kind: "plugin", name };
      host.events.tell({ ...head, ...body } as unknown as Event);
    },
    invoke(action, input, options?: InvokeOptions) {
      const refusal = host.refusal();
      if (refusal !== undefined) return Promise.reject(refusal);
      permission?.belongs(action, name);
      return host.invoke(undefined, action as AnyAction, input, options) as Promise<never>;
    },
    send(draft) {
      const refusal = host.refusal();
      if (refusal !== undefined) throw refusal;
      return host.send(draft, undefined);
    },
    receive(address, receive, { signal, ...mailbox } = {}) {
      const listener = listen(host, { address, receive, mailbox, owner: name, failed: blame });
      const end = scope.hold(() => listener.end());
      const leave = bring({ place: listener.join, idle: listener.idle, quiet: listener.idle });
      if (signal === undefined) return;
      const stop = () => {
        leave();
        void Promise.all([end(), forget()]);
      };
      signal.addEventListener("abort", stop, { once: true });
      // A signal that outlives the plugin must not hold on to it.
      const forget = scope.hold(() => signal.removeEventListener("abort", stop));
    },
  };

  const things = () =>
    [...brought].flatMap(({ kind, thing }) => (kind === undefined || thing === undefined ? [] : [{ kind, thing }]));
  const stopped = async () => void (await Promise.all(things().map(({ kind, thing }) => host.stopped(kind, thing))));
  const holdings: Holdings = {
    names: () => things().map(({ kind, thing }) => `${kind}:${thing.name}`),
    place,
    withdraw,
    async quiet() {
      await Promise.all([...brought].map((one) => one.quiet?.()));
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

function leave(one: Brought): void {
  one.takeBack?.();
  one.takeBack = undefined;
}
