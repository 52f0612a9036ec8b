import type { Action, AnyAction } from "../action.ts";
import type { Budget, Budgets } from "../budget.ts";
import type { InvokeOptions, Middleware, WrapOptions } from "../call.ts";
import { type Clock, systemClock } from "../clock.ts";
import { toErrorJson } from "../error.ts";
import { fail } from "../errors.ts";
import { createEventStream, type EventFilter, type Watcher } from "../event.ts";
import { createIds, type Ids } from "../id.ts";
import type { KindName, Kinds, Named } from "../kind.ts";
import type { Agent } from "../kinds/agent.ts";
import type {
  AgentInfo,
  Control,
  InterruptFilter,
  PluginInfo,
  PluginVersion,
  SupervisorInfo,
} from "../kinds/control.ts";
import type { Scheduler } from "../kinds/scheduler.ts";
import { createLog, type Log, type LogEntry } from "../log.ts";
import type { DeadLetters, Delivery, Draft } from "../message.ts";
import type { Plugin } from "../plugin.ts";
import { createRedaction } from "../redaction.ts";
import { createScope, type Owned } from "../scope.ts";
import { createSecrets, type Secrets } from "../secrets.ts";
import { createAgents } from "./agents/agents.ts";
import { createBudgets } from "./budgets/budgets.ts";
import { createEventFeed, type EventFeed } from "./calls/event-feed.ts";
import { createInvoker, type Invoker } from "./calls/invoke.ts";
import { type CallHost, Calls } from "./calls/live-call.ts";
import { createEnding, type EndOptions } from "./ending.ts";
import { createBus } from "./messages/bus.ts";
import type { ContextHost } from "./plugins/context.ts";
import { createPermission, type Permit } from "./plugins/permission.ts";
import { createPlugins } from "./plugins/plugins.ts";
import { type QuarantineOptions, watchActions } from "./plugins/quarantine.ts";
import { createRegistry } from "./registry.ts";
import { createScheduler, type SchedulerOptions } from "./scheduler/scheduler.ts";
import { printTree } from "./tree.ts";

export interface KernelOptions {
  readonly plugins?: readonly Plugin[];
  /** Where log lines go; one at which it throws is lost. Default: nowhere. */
  readonly log?: (entry: LogEntry) => void;
  readonly clock?: Clock;
  readonly ids?: Ids;
  /** Plugins that may use the `control` kind, by name. */
  readonly control?: readonly string[];
  /**
   * What each plugin may bring, use, wrap and watch, by kind; default everything. A rule for code that keeps to the
   * ways of the kernel, not a sandbox: plugins share the process.
   */
  readonly permit?: Permit;
  /** When a plugin that is at fault again and again is taken out; `false` for never. Default: 5 faults in a minute. */
  readonly quarantine?: QuarantineOptions | false;
  /** Bounds on what may be used up, there before any plugin is. */
  readonly budgets?: readonly Budget[];
  /** How many messages that came to nothing are kept; default 10,000. */
  readonly deadLetters?: { readonly max?: number };
  /** Values that must not be seen in logs, events and what plugins show. Default: none yet. */
  readonly secrets?: Secrets;
  /** How many tasks may wait, and how many run at a time over all agents of a role. */
  readonly scheduler?: SchedulerOptions;
}

/** A living kernel. Ends with `await using`, or `end()`. */
export interface Kernel extends AsyncDisposable {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly secrets: Secrets;
  readonly budgets: Budgets;
  /** Gives tasks to agents that can do them and have room. */
  readonly scheduler: Scheduler;
  /** Fires when the kernel begins to end. */
  readonly signal: AbortSignal;
  plug(plugin: Plugin): Promise<PluginInfo>;
  unplug(name: string): Promise<void>;
  /** Sets up another version beside the loaded one; if that works, hands over and ends the old one. */
  replace(plugin: Plugin): Promise<PluginInfo>;
  /** Goes back to the version before the last replacement; once more, to the one before that. */
  rollback(name: string): Promise<PluginInfo>;
  /** The versions of a plugin, the oldest first: the last 20 that came or failed to. */
  history(name: string): readonly PluginVersion[];
  /** Tries a plugin again that is in quarantine, or failed. */
  release(name: string): Promise<PluginInfo>;
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
  /** Resolves when every agent has started; throws what one failed with, and `kernel.closed` when the kernel ends before. */
  started(): Promise<void>;
  pauseAgent(name: string): void;
  resumeAgent(name: string): void;
  /** Ends an agent once its turns have ended; it stays down, whatever its supervision, until it is restarted. */
  stopAgent(name: string): Promise<void>;
  /** Ends the life of an agent, if it has one, and begins another; what waits is kept. Throws what its start fails with. */
  restartAgent(name: string): Promise<void>;
  /** The kernel first, then the supervisors in the order they came. */
  supervisors(): readonly SupervisorInfo[];
  /** What was told and came to nothing. */
  readonly deadLetters: DeadLetters;
  /** Cancels calls in flight, of one trace or of one agent, down to what they wait for; says how many. */
  interrupt(which: InterruptFilter, reason?: string): number;
  /** Calls in flight, and watchers of the event stream. */
  counts(): { readonly calls: number; readonly watchers: number };
  /** What is loaded, by whom, how long it took. */
  tree(): string;
  /** Ends everything, users before what they use. Asked again while those at work have their grace, it only gets shorter. */
  end(options?: EndOptions): Promise<void>;
}

/** Makes a kernel and loads its plugins; throws when one fails or waits for something that nobody brings. */
export async function createKernel(options: KernelOptions = {}): Promise<Kernel> {
  const kernel = assemble(options);
  try {
    await kernel.load(options.plugins ?? []);
    await kernel.started();
    return kernel;
  } catch (error) {
    await kernel.end();
    throw error;
  }
}

function assemble(options: KernelOptions): Kernel & { load(plugins: readonly Plugin[]): Promise<void> } {
  const { clock = systemClock, ids = createIds(), log: sink = () => {}, secrets = createSecrets() } = options;
  const write = (entry: LogEntry) => {
    try {
      sink(secrets.redact(entry));
    } catch {
      // There is nobody left to tell, and what was being done (keeping a message, restarting an agent) has to go on.
    }
  };
  const scope = createScope("kernel");
  const log = createLog("kernel", write, clock.now);
  const registry = createRegistry();
  const events = createEventStream((error) => log.error(`A watcher of events threw: ${toErrorJson(error).message}`), {
    redaction: createRedaction(secrets),
    monotonic: clock.monotonic,
  });

  const budgets = createBudgets({ clock, events, registry, write }, options.budgets);
  registry.provide("budgets", budgets, "host");

  // The parts need each other only when they are called, never while they are made.
  const host: CallHost & { invoker: Invoker } = {
    clock,
    ids,
    events,
    registry,
    budgets,
    write,
    roots: new Calls(),
    permission: options.permit === undefined ? undefined : createPermission(options.permit),
    fault: options.quarantine === false ? undefined : (plugin, error) => plugins.fault(plugin, error),
    invoker: undefined as unknown as Invoker,
    invoke: (parent, action, input, more) => host.invoker.invoke(parent, action, input, more),
    send: (draft, from) => bus.send(draft, from),
    request: (draft, more, from) => bus.request(draft, more, from),
  };
  host.invoker = createInvoker(host);
  const { invoker } = host;
  const bus = createBus(host, options.deadLetters);
  const agents = createAgents({ ...host, bus, ready: (agent) => scheduler.agentReady(agent) });
  const scheduler = createScheduler({ ...host, agentInfo: agents.info }, options.scheduler);
  registry.provide("scheduler", scheduler, "host");
  const interrupt: Control["interrupt"] = ({ trace, agent }, reason = "it was asked to stop") =>
    host.roots.interrupt(
      (call) =>
        (trace === undefined || call.trace === trace) &&
        (agent === undefined || (call.action.kind === "agent" && call.action.name === agent)),
      ({ action: { kind, name } }) => fail("call.interrupted", { kind, name, reason }, { stack: false }),
    );
  const control: Control = {
    name: "kernel",
    plugins: () => plugins.list(),
    agents: () => agents.list(),
    tasks: () => scheduler.list(),
    supervisors: () => agents.supervisors(),
    deadLetters: bus.dead,
    shelves: () => registry.shelves(),
    calls: () => invoker.active(),
    budgets: () => budgets.list(),
    pauseAgent: agents.pause,
    resumeAgent: agents.resume,
    stopAgent: agents.stop,
    restartAgent: agents.restart,
    interrupt,
    cancelTask: (id, reason) => scheduler.find(id)?.cancel(reason) ?? false,
    history: (name) => plugins.history(name),
    rollback: (name) => plugins.rollback(name),
    release: (name) => plugins.release(name),
  };
  const granted = (plugin: string) => (options.control ?? []).includes(plugin);
  const guarded = new Map([["control", control]]);
  const stopped = async (kind: string, thing: Named) => {
    if (kind === "agent") await agents.stopped(thing as Agent);
  };
  const closed = () => fail("kernel.closed", {}, { stack: false });
  // When the plugins end, they may still have something to do: only in the time before is new work refused.
  const refusal = () => (ending.begun() && !scope.ended ? closed() : undefined);
  const plugins = createPlugins(
    { ...host, bus, guarded, granted, stopped, secrets, refusal } satisfies ContextHost,
    createScope("plugins"),
    options.quarantine,
  );
  if (options.quarantine !== false && options.quarantine?.actions === true) {
    const blame = (kind: string, action: Named, error: unknown) =>
      plugins.fault(registry.owner(kind, action) ?? "", error);
    invoker.wrap(watchActions(blame), { place: "timeout" });
  }
  const ending = createEnding({
    clock,
    reason: closed,
    async quiet() {
      do await Promise.all([invoker.idle(), agents.quiet(), plugins.quiet()]);
      while (invoker.active() > 0);
    },
    atWork() {
      let working = agents.list().some(({ queued, status }) => queued > 0 && status === "busy");
      host.roots.each((call) => {
        working ||= !call.rests;
      });
      return working;
    },
    end: () => scope.end(),
  });
  const close = () => {
    plugins.close();
    scheduler.close();
  };
  ending.signal.addEventListener("abort", close, { once: true });
  const assertOpen = () => {
    if (ending.begun()) throw closed();
  };

  /** Waits no longer than the kernel lives: a start may hang. */
  function orClosed<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = () => reject(closed());
      ending.signal.addEventListener("abort", stop, { once: true });
      if (ending.begun()) stop();
      const release = () => ending.signal.removeEventListener("abort", stop);
      work.then(resolve, reject).finally(release);
    });
  }

  const cancelAll = () => host.roots.cancel(closed);
  // Ended last-in first-out: what users own; then agents take nothing more and what is in work is cancelled; then
  // plugins; at last what those began while they ended.
  scope.own(cancelAll);
  scope.own(() => plugins.end());
  // While the stores are still there.
  scope.own(() => budgets.end());
  scope.own(() => {
    const stopped = agents.end();
    cancelAll();
    return stopped;
  });
  scope.own(() => scheduler.end());

  const kernel: Kernel & { load(plugins: readonly Plugin[]): Promise<void> } = {
    clock,
    ids,
    log,
    secrets,
    budgets,
    scheduler,
    signal: ending.signal,
    plug: plugins.plug,
    unplug: plugins.unplug,
    replace: plugins.replace,
    rollback: plugins.rollback,
    history: plugins.history,
    release: plugins.release,
    load: plugins.load,
    provide: (kind, thing) => registry.provide(kind, thing, "host"),
    // A shelf holds only things of its kind: provide is typed by it.
    get: <Kind extends KindName>(kind: Kind, name: string) => registry.get(kind, name) as Kinds[Kind],
    find: <Kind extends KindName>(kind: Kind, name?: string) => registry.find(kind, name) as Kinds[Kind] | undefined,
    list: <Kind extends KindName>(kind: Kind) => registry.list(kind) as readonly Kinds[Kind][],
    wrap: invoker.wrap,
    invoke(action, input, more) {
      if (ending.begun()) return Promise.reject(closed());
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
      if (ending.begun()) return Promise.reject(closed());
      return bus.request(draft, more, undefined);
    },
    watch: (filter, watcher) => events.watch(filter, watcher),
    own: (thing) => scope.own(thing),
    agents: () => agents.list(),
    plugins: () => plugins.list(),
    started: () => orClosed(agents.started()),
    pauseAgent: agents.pause,
    resumeAgent: agents.resume,
    stopAgent: agents.stop,
    restartAgent: agents.restart,
    deadLetters: bus.dead,
    supervisors: () => agents.supervisors(),
    interrupt,
    counts: () => ({ calls: invoker.active(), watchers: events.watchers }),
    tree: () => printTree(plugins.list(), agents.list(), agents.supervisors()),
    end: ending.end,
    [Symbol.asyncDispose]: () => ending.end(),
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
