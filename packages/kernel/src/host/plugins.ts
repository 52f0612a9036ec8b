// Plugins: loading, waiting for needs, replacing, taking away.
//
// 1. All changes go through one serial queue: no two happen at a time.
// 2. What a plugin brings belongs to its scope; ending the scope takes it back.
// 3. Replacing is two-phase: the new version is set up beside the old, unseen. If that fails, nothing has changed.
//    If it works, state is handed over, the new one takes the old one's place in one go, calls in flight finish on the
//    old version (up to `drain` ms), and it ends.
// 4. A plugin whose needs go is parked before they are gone, and resumes when they return.
import { isMofaError, nearest, toErrorJson } from "../error.ts";
import { fail } from "../errors.ts";
import type { PluginInfo } from "../kinds/control.ts";
import { createLog, type Log } from "../log.ts";
import type { Plugin, PluginState, PluginStatus } from "../plugin.ts";
import { gathered, type Scope } from "../scope.ts";
import { atMost } from "./at-most.ts";
import { type ContextHost, createContext, type Holdings } from "./context.ts";
import { findCycle, missingNeeds, type There } from "./needs.ts";

interface Version {
  readonly plugin: Plugin;
  readonly scope: Scope;
  readonly holdings: Holdings;
  readonly state: PluginState;
  readonly ms: number;
}

interface Record {
  plugin: Plugin;
  /** The version before the last replacement: where a rollback goes. */
  previous: Plugin | undefined;
  status: PluginStatus;
  reason: string | undefined;
  live: Version | undefined;
}

export interface Plugins {
  /** Loads a plugin: resolves when it is active, or parked because it waits for something. */
  plug(plugin: Plugin): Promise<PluginInfo>;
  unplug(name: string): Promise<void>;
  /** Sets up another version of a loaded plugin and, if that works, ends the old one. */
  replace(plugin: Plugin): Promise<PluginInfo>;
  /** Goes back to the version before the last replacement. */
  rollback(name: string): Promise<PluginInfo>;
  list(): readonly PluginInfo[];
  /** Throws when a plugin still waits: with the circle, if it is one, or with what is missing. */
  assertSettled(): void;
  end(): Promise<void>;
}

const DRAIN_MS = 5000;

export function createPlugins(host: ContextHost, root: Scope): Plugins {
  const records = new Map<string, Record>();
  const log: Log = createLog("plugins", host.write, host.clock.now);
  let queue: Promise<unknown> = Promise.resolve();
  let ended = false;
  let checking = false;

  const there: There = {
    has: (kind, name) => host.guarded.has(kind) || host.registry.find(kind, name) !== undefined,
    version(name) {
      const record = records.get(name);
      return record?.status === "active" ? record.plugin.version : undefined;
    },
  };

  const report = (error: unknown) => log.error(toErrorJson(error).message);

  /** One change at a time. */
  function change<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => {});
    return result;
  }

  function become(record: Record, status: PluginStatus, reason?: string): void {
    record.status = status;
    record.reason = reason;
    if (!host.events.wanted("plugin.changed", "plugin")) return;
    const { name, version } = record.plugin;
    const body = reason === undefined ? { status, version } : { status, version, reason };
    host.events.tell({
      type: "plugin.changed",
      at: host.clock.now(),
      trace: "",
      call: "",
      kind: "plugin",
      name,
      ...body,
    });
  }

  async function setUp(plugin: Plugin, staged: boolean): Promise<Version> {
    const { name } = plugin;
    const scope = root.child(`plugin:${name}`);
    const started = host.clock.monotonic();
    const { ctx, holdings } = createContext(host, { name, scope, staged });
    try {
      const state = await plugin.setup(ctx);
      return { plugin, scope, holdings, state: state ?? {}, ms: host.clock.monotonic() - started };
    } catch (cause) {
      await scope.end(cause).catch(report);
      throw setupFailed(plugin, cause);
    }
  }

  async function activate(record: Record): Promise<void> {
    const missing = missingNeeds(record.plugin, there);
    if (missing.length > 0) return become(record, "waiting", `needs ${missing.join(", ")}`);
    become(record, "starting");
    try {
      record.live = await setUp(record.plugin, false);
    } catch (error) {
      become(record, "failed", toErrorJson(error).message);
      throw error;
    }
    become(record, "active");
  }

  async function deactivate(record: Record): Promise<void> {
    const { live } = record;
    if (live === undefined) return;
    record.live = undefined;
    become(record, "stopping");
    live.holdings.withdraw();
    // Who uses it goes before what it uses is gone.
    await park();
    await atMost(host.clock, live.plugin.drain ?? DRAIN_MS, live.holdings.stopped());
    await live.scope.end();
  }

  /** Parks plugins whose needs went, the last loaded first; says whether there was one. */
  async function park(): Promise<boolean> {
    let moved = false;
    for (const record of [...records.values()].reverse()) {
      if (ended || record.status !== "active") continue;
      const missing = missingNeeds(record.plugin, there);
      if (missing.length === 0) continue;
      await deactivate(record).catch(report);
      become(record, "waiting", `needs ${missing.join(", ")}`);
      moved = true;
    }
    return moved;
  }

  /** Wakes plugins whose needs came; says whether there was one. */
  async function wake(): Promise<boolean> {
    let moved = false;
    for (const record of records.values()) {
      if (record.status !== "waiting" || missingNeeds(record.plugin, there).length > 0) continue;
      await activate(record).catch(report);
      moved = true;
    }
    return moved;
  }

  async function settle(): Promise<void> {
    while (!ended && ((await park()) || (await wake())));
  }

  async function swap(record: Record, plugin: Plugin): Promise<void> {
    const missing = missingNeeds(plugin, there);
    const old = record.live;
    if (old === undefined) return swapIdle(record, plugin);
    if (missing.length > 0) throw fail("plugin.needs_missing", { name: plugin.name, missing: missing.join(", ") });
    if (plugin.exclusive === true) return swapExclusive(record, plugin, old);
    const next = await setUp(plugin, true);
    try {
      if (old.state.snapshot !== undefined) await next.state.restore?.(old.state.snapshot());
      next.holdings.commit();
    } catch (cause) {
      await next.scope.end(cause).catch(report);
      throw setupFailed(plugin, cause);
    }
    old.holdings.withdraw();
    record.live = next;
    record.plugin = plugin;
    become(record, "active");
    await atMost(host.clock, old.plugin.drain ?? DRAIN_MS, old.holdings.idle());
    await old.scope.end().catch(report);
  }

  /** One that waits or failed has nothing to hand over. */
  async function swapIdle(record: Record, plugin: Plugin): Promise<void> {
    const { plugin: before, status, reason } = record;
    record.plugin = plugin;
    try {
      await activate(record);
    } catch (error) {
      record.plugin = before;
      become(record, status, reason);
      throw error;
    }
  }

  /** For what cannot be held twice: the old version ends first, and comes back if the new one fails. */
  async function swapExclusive(record: Record, plugin: Plugin, old: Version): Promise<void> {
    const state = { kept: old.state.snapshot !== undefined, value: snapshotOf(plugin, old) };
    const begin = async (version: Plugin) => {
      record.plugin = version;
      await activate(record);
      const live = record.live as Version | undefined;
      if (state.kept) await live?.state.restore?.(state.value);
    };
    await deactivate(record).catch(report);
    try {
      await begin(plugin);
    } catch (error) {
      await deactivate(record).catch(report);
      await begin(old.plugin).catch(report);
      throw isMofaError(error, "plugin.setup_failed") ? error : setupFailed(plugin, error);
    }
  }

  function known(name: string): Record {
    const record = records.get(name);
    if (record === undefined) throw fail("plugin.unknown", { name, nearest: nearest(name, records.keys()) });
    return record;
  }

  async function replace(name: string, pick: (record: Record) => Plugin): Promise<PluginInfo> {
    return change(async () => {
      if (ended) throw fail("kernel.closed", {});
      const record = known(name);
      const before = record.plugin;
      try {
        await swap(record, pick(record));
        record.previous = before;
      } finally {
        await settle();
      }
      return info(record);
    });
  }

  // A shelf that changes outside a plugin's set-up (a hot folder, a user) can meet or break needs.
  const unwatch = host.registry.watch(() => {
    if (checking || ended) return;
    checking = true;
    void change(async () => {
      checking = false;
      await settle();
    });
  });

  return {
    plug: (plugin) =>
      change(async () => {
        if (ended) throw fail("kernel.closed", {});
        if (records.has(plugin.name)) throw fail("plugin.twice", { name: plugin.name });
        const record: Record = { plugin, previous: undefined, status: "waiting", reason: undefined, live: undefined };
        records.set(plugin.name, record);
        try {
          await activate(record);
        } catch (error) {
          records.delete(plugin.name);
          throw error;
        }
        await settle();
        return info(record);
      }),
    unplug: (name) =>
      change(async () => {
        const record = known(name);
        try {
          await deactivate(record);
        } finally {
          records.delete(name);
          await settle();
        }
      }),
    replace: (plugin) => replace(plugin.name, () => plugin),
    rollback: (name) =>
      replace(name, (record) => {
        if (record.previous === undefined) throw fail("plugin.no_previous", { name });
        return record.previous;
      }),
    list: () => [...records.values()].map(info),
    assertSettled() {
      const waiting = [...records.values()].filter((record) => record.status === "waiting");
      const cycle = findCycle(waiting.map((record) => record.plugin));
      if (cycle !== undefined) throw fail("plugin.cycle", { cycle });
      for (const { plugin } of waiting) {
        throw fail("plugin.needs_missing", { name: plugin.name, missing: missingNeeds(plugin, there).join(", ") });
      }
    },
    end: () =>
      change(async () => {
        ended = true;
        unwatch();
        const failures: unknown[] = [];
        const note = (error: unknown) => void failures.push(error);
        // The last loaded goes first: what it uses is still there.
        for (const record of [...records.values()].reverse()) await deactivate(record).catch(note);
        records.clear();
        await root.end().catch(note);
        if (failures.length > 0) throw gathered("plugins", failures);
      }),
  };
}

function snapshotOf(plugin: Plugin, old: Version): unknown {
  try {
    return old.state.snapshot?.();
  } catch (cause) {
    throw setupFailed(plugin, cause);
  }
}

function setupFailed({ name, version }: Plugin, cause: unknown): unknown {
  return fail("plugin.setup_failed", { name, version, reason: toErrorJson(cause).message }, { cause });
}

function info({ plugin, status, reason, live }: Record): PluginInfo {
  const head = {
    name: plugin.name,
    version: plugin.version,
    status,
    ms: live?.ms ?? 0,
    provides: live?.holdings.names() ?? [],
  };
  return reason === undefined ? head : { ...head, reason };
}
