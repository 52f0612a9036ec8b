import type { Action, AnyAction } from "../action.ts";
import type { InvokeOptions, Middleware, WrapOptions } from "../call.ts";
import { type Clock, systemClock } from "../clock.ts";
import { toErrorJson } from "../error.ts";
import { fail } from "../errors.ts";
import { createEventStream, type EventFilter, type Watcher } from "../event.ts";
import { createIds, type Ids } from "../id.ts";
import type { KindName, Kinds, Named } from "../kind.ts";
import type { Agent } from "../kinds/agent.ts";
import type { AgentInfo, Control, PluginInfo } from "../kinds/control.ts";
import { createLog, type Log, type LogEntry } from "../log.ts";
import type { Delivery, Draft } from "../message.ts";
import type { Plugin } from "../plugin.ts";
import { createScope, type Owned } from "../scope.ts";
import type { AgentHost } from "./agent-cell.ts";
import { createAgents } from "./agents.ts";
import { createBus } from "./bus.ts";
import type { ContextHost } from "./context.ts";
import { createEventFeed, type EventFeed } from "./event-feed.ts";
import { createInvoker, type Invoker } from "./invoke.ts";
import { type CallHost, Calls } from "./live-call.ts";
import { createPlugins } from "./plugins.ts";
import { createRegistry } from "./registry.ts";
import { printTree } from "./tree.ts";

export interface KernelOptions {
  readonly plugins?: readonly Plugin[];
  /** Where log lines go. Default: nowhere. */
  readonly log?: (entry: LogEntry) => void;
  readonly clock?: Clock;
  readonly ids?: Ids;
  /** Plugins that may use the `control` kind, by name. */
  readonly control?: readonly string[];
}

/** A living kernel. Ends with `await using`, or `end()`. */
export interface Kernel extends AsyncDisposable {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Fires when the kernel begins to end. */
  readonly signal: AbortSignal;
  plug(plugin: Plugin): Promise<PluginInfo>;
  unplug(name: string): Promise<void>;
  /** Sets up another version beside the loaded one; if that works, hands over and ends the old one. */
  replace(plugin: Plugin): Promise<PluginInfo>;
  rollback(name: string): Promise<PluginInfo>;
  provide<Kind extends KindName>(kind: Kind, thing: Kinds[Kind]): () => void;
  get<Kind extends KindName>(kind: Kind, name: string): Kinds[Kind];
  find<Kind extends KindName>(kind: Kind, name?: string): Kinds[Kind] | undefined;
  list<Kind extends KindName>(kind: Kind): readonly Kinds[Kind][];
  wrap(middleware: Middleware, options?: WrapOptions): () => void;
  invoke<Input, Output>(action: Action<Input, Output>, input: Input, options?: InvokeOptions): Promise<Output>;
  /** Invokes once and yields the events of its trace; leaving the loop cancels it. */
  stream<Input, Output>(action: Action<Input, Output>, input: Input, options?: InvokeOptions): EventFeed<Output>;
  send(draft: Draft): Delivery | Promise<Delivery>;
  request(draft: Draft, options?: InvokeOptions): Promise<unknown>;
  watch(filter: EventFilter, watcher: Watcher): () => void;
  /** Takes responsibility for a thing: it ends with the kernel, before the plugins. */
  own<T extends Owned>(thing: T): T;
  agents(): readonly AgentInfo[];
  plugins(): readonly PluginInfo[];
  /** Resolves when every agent has started; throws what one failed with. */
  started(): Promise<void>;
  pauseAgent(name: string): void;
  resumeAgent(name: string): void;
  /** Calls in flight, and watchers of the event stream. */
  counts(): { readonly calls: number; readonly watchers: number };
  /** What is loaded, by whom, how long it took. */
  tree(): string;
  end(): Promise<void>;
}

/** Makes a kernel and loads its plugins; throws when one fails or waits for something that nobody brings. */
export async function createKernel(options: KernelOptions = {}): Promise<Kernel> {
  const kernel = assemble(options);
  try {
    for (const plugin of options.plugins ?? []) await kernel.plug(plugin);
    kernel.assertSettled();
    await kernel.started();
    return kernel;
  } catch (error) {
    await kernel.end();
    throw error;
  }
}

function assemble(options: KernelOptions): Kernel & { assertSettled(): void } {
  const { clock = systemClock, ids = createIds(), log: write = () => {} } = options;
  const scope = createScope("kernel");
  const log = createLog("kernel", write, clock.now);
  const registry = createRegistry();
  const events = createEventStream((error) => log.error(`A watcher of events threw: ${toErrorJson(error).message}`));

  // The parts need each other only when they are called, never while they are made.
  const host: CallHost & { invoker: Invoker } = {
    clock,
    ids,
    events,
    registry,
    write,
    roots: new Calls(),
    invoker: undefined as unknown as Invoker,
    invoke: (parent, action, input, more) => host.invoker.invoke(parent, action, input, more),
    send: (draft, from) => bus.send(draft, from),
    request: (draft, more, from) => bus.request(draft, more, from),
  };
  host.invoker = createInvoker(host);
  const { invoker } = host;
  const bus = createBus(host);
  const agents = createAgents({ ...host, bus } satisfies AgentHost);
  const control: Control = {
    name: "kernel",
    plugins: () => plugins.list(),
    agents: () => agents.list(),
    shelves: () => registry.shelves(),
    calls: () => invoker.active(),
  };
  const granted = (plugin: string) => (options.control ?? []).includes(plugin);
  const guarded = new Map([["control", control]]);
  const stopped = async (kind: string, thing: Named) => {
    if (kind === "agent") await agents.stopped(thing as Agent);
  };
  const plugins = createPlugins(
    { ...host, bus, guarded, granted, stopped } satisfies ContextHost,
    createScope("plugins"),
  );
  const assertOpen = () => {
    if (scope.ended) throw fail("kernel.closed", {}, { stack: false });
  };

  const cancelAll = () => host.roots.cancel(() => fail("kernel.closed", {}, { stack: false }));
  // Ended last-in first-out: what users own; then agents take nothing more and what is in work is cancelled; then
  // plugins; at last what those began while they ended.
  scope.own(cancelAll);
  scope.own(() => plugins.end());
  scope.own(() => {
    const stopped = agents.end();
    cancelAll();
    return stopped;
  });

  const kernel: Kernel & { assertSettled(): void } = {
    clock,
    ids,
    log,
    get signal() {
      return scope.signal;
    },
    plug: plugins.plug,
    unplug: plugins.unplug,
    replace: plugins.replace,
    rollback: plugins.rollback,
    assertSettled: plugins.assertSettled,
    provide: (kind, thing) => registry.provide(kind, thing, "host"),
    // A shelf holds only things of its kind: provide is typed by it.
    get: <Kind extends KindName>(kind: Kind, name: string) => registry.get(kind, name) as Kinds[Kind],
    find: <Kind extends KindName>(kind: Kind, name?: string) => registry.find(kind, name) as Kinds[Kind] | undefined,
    list: <Kind extends KindName>(kind: Kind) => registry.list(kind) as readonly Kinds[Kind][],
    wrap: invoker.wrap,
    invoke(action, input, more) {
      if (scope.ended) return Promise.reject(fail("kernel.closed", {}, { stack: false }));
      return invoker.invoke(undefined, action as AnyAction, input, more) as Promise<never>;
    },
    stream(action, input, more) {
      assertOpen();
      const trace = more?.trace ?? ids.text(ids.next());
      const stop = new AbortController();
      const work = (signal: AbortSignal) => kernel.invoke(action, input, { ...more, trace, signal });
      return createEventFeed({
        watch: (watcher) => events.watch({ trace }, watcher),
        start: () => withSignal(stop, more?.signal, work),
        cancel: () => stop.abort(fail("call.cancelled", { kind: action.kind, name: action.name }, { stack: false })),
      });
    },
    send(draft) {
      assertOpen();
      return bus.send(draft, undefined);
    },
    request(draft, more = {}) {
      if (scope.ended) return Promise.reject(fail("kernel.closed", {}, { stack: false }));
      return bus.request(draft, more, undefined);
    },
    watch: events.watch,
    own: (thing) => scope.own(thing),
    agents: () => agents.list(),
    plugins: () => plugins.list(),
    started: () => agents.started(),
    pauseAgent: (name) => agents.cell(name).pause(),
    resumeAgent: (name) => agents.cell(name).resume(),
    counts: () => ({ calls: invoker.active(), watchers: events.watchers }),
    tree: () => printTree(plugins.list(), agents.list()),
    end: () => scope.end(),
    [Symbol.asyncDispose]: () => scope.end(),
  };
  return kernel;
}

/** Runs work under a controller of ours that also follows the caller's signal. */
function withSignal<T>(
  stop: AbortController,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signal === undefined) return work(stop.signal);
  const follow = () => stop.abort(signal.reason);
  if (signal.aborted) follow();
  signal.addEventListener("abort", follow, { once: true });
  return work(stop.signal).finally(() => signal.removeEventListener("abort", follow));
}
