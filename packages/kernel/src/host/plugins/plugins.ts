// Plugins: loading, waiting for needs, replacing, taking away.
//
// 1. All changes go through one serial queue: no two happen at a time.
// 2. Replacing is two-phase: the new version is set up beside the old, unseen. If that fails, nothing has changed.
//    If it works, state is handed over, the new one takes the old one's place in one go, calls in flight finish on the
//    old version (up to `drain` ms), and it ends.
// 3. A plugin that is at fault too often is taken out, in its turn like every change, and stays out until it is asked for.
import { nearest, toErrorJson } from "../../error.ts";
import { fail } from "../../errors.ts";
import type { PluginInfo, PluginVersion } from "../../kinds/control.ts";
import type { Plugin } from "../../plugin.ts";
import { gathered, type Scope } from "../../scope.ts";
import type { ContextHost } from "./context.ts";
import { findCycle, findStandstill, type Member, missingNeeds, parseNeeds } from "./needs.ts";
import { createPluginLife } from "./plugin-life.ts";
import { PluginRecord } from "./plugin-record.ts";
import { swap } from "./plugin-swap.ts";
import { areTooMany, type QuarantineOptions, sayFaults, withFault } from "./quarantine.ts";

export interface Plugins {
  /** Loads plugins that may need each other, in any order; throws when one fails or waits for what nobody brings. */
  load(plugins: readonly Plugin[]): Promise<void>;
  /** Loads a plugin: resolves when it is active, or parked because it waits for something. */
  plug(plugin: Plugin): Promise<PluginInfo>;
  unplug(name: string): Promise<void>;
  /** Sets up another version of a loaded plugin and, if that works, ends the old one. */
  replace(plugin: Plugin): Promise<PluginInfo>;
  /** Goes back to the version before the last replacement, and from there to the one before. */
  rollback(name: string): Promise<PluginInfo>;
  /** The versions a plugin had, the oldest first; the last 20. */
  history(name: string): readonly PluginVersion[];
  /** Tries a plugin again that was taken out because of its faults, or that failed. */
  release(name: string): Promise<PluginInfo>;
  /** Counts a fault of a plugin, and takes it out when it has too many. */
  fault(name: string, error: unknown): void;
  list(): readonly PluginInfo[];
  /** Resolves when the messages that plugins took in are handled. */
  quiet(): Promise<void>;
  /** The end has begun: nothing is loaded any more, and a set-up under way, which may hang, is given up. */
  close(): void;
  end(): Promise<void>;
}

export function createPlugins(host: ContextHost, root: Scope, quarantine: QuarantineOptions | false = {}): Plugins {
  const records = new Map<string, PluginRecord>();
  const life = createPluginLife(host, root, records);
  const { clock } = host;
  let queue: Promise<unknown> = Promise.resolve();
  let closed = false;
  let ended = false;
  let checking = false;

  /** One change at a time. */
  function change<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work);
    queue = result.catch(() => {});
    return result;
  }

  function assertOpen(): void {
    if (closed) throw fail("kernel.closed", {}, { stack: false });
  }

  function known(name: string): PluginRecord {
    const record = records.get(name);
    if (record === undefined) throw fail("plugin.unknown", { name, nearest: nearest(name, records.keys()) });
    return record;
  }

  /** Refuses what would close a circle of plugins that name each other. */
  function assertNoCycle(members: readonly Member[]): void {
    const cycle = findCycle(members);
    if (cycle !== undefined) throw fail("plugin.cycle", { cycle });
  }

  function enter(plugins: readonly Plugin[]): readonly PluginRecord[] {
    assertOpen();
    const entering = plugins.map((plugin) => new PluginRecord(plugin));
    const names = new Set(records.keys());
    for (const { plugin } of entering) {
      if (names.has(plugin.name)) throw fail("plugin.twice", { name: plugin.name });
      names.add(plugin.name);
    }
    assertNoCycle([...records.values(), ...entering]);
    for (const record of entering) records.set(record.plugin.name, record);
    return entering;
  }

  async function start(record: PluginRecord): Promise<void> {
    await life.activate(record);
    record.loaded(clock);
  }

  function assertSettled(): void {
    const waiting = [...records.values()].filter((record) => record.status === "waiting");
    const cycle = findStandstill(waiting, life.there);
    if (cycle !== undefined) throw fail("plugin.cycle", { cycle });
    for (const { plugin, needs } of waiting) {
      throw fail("plugin.needs_missing", { name: plugin.name, missing: missingNeeds(needs, life.there).join(", ") });
    }
  }

  async function turn(record: PluginRecord, plugin: Plugin): Promise<void> {
    const candidate = { plugin, needs: parseNeeds(plugin), brings: plugin.provides ?? [] };
    assertNoCycle([...records.values()].map((other) => (other === record ? candidate : other)));
    try {
      await swap({ life, clock }, record, plugin);
    } catch (error) {
      record.notReplaced(plugin, toErrorJson(error).message, clock);
      throw error;
    }
    record.faults = [];
  }

  /** Makes a change to one plugin, and lets the others follow. */
  function changeOne(name: string, work: (record: PluginRecord) => Promise<void>): Promise<PluginInfo> {
    return change(async () => {
      assertOpen();
      const record = known(name);
      try {
        await work(record);
      } finally {
        await life.settle();
      }
      return record.info;
    });
  }

  async function takeOut(record: PluginRecord, reason: string): Promise<void> {
    await life.deactivate(record).catch(life.report);
    life.become(record, "quarantined", reason);
    await life.settle();
  }

  function fault(name: string, error: unknown): void {
    const record = records.get(name);
    if (quarantine === false || record === undefined || record.status === "quarantined") return;
    record.faults = withFault(record.faults, clock.now(), quarantine);
    if (!areTooMany(record.faults, quarantine)) return;
    const { plugin } = record;
    const reason = sayFaults(quarantine, toErrorJson(error).message);
    record.faults = [];
    void change(async () => {
      // Meanwhile it may be gone, or another version.
      const isStill = records.get(name) === record && record.plugin === plugin;
      if (!ended && isStill && record.status !== "quarantined") await takeOut(record, reason);
    });
  }

  // A shelf that changes outside a plugin's set-up (a hot folder, a user) can meet or break needs.
  const unwatch = host.registry.watch((kind) => {
    if (checking || ended || !life.isNeeded(kind)) return;
    checking = true;
    void change(async () => {
      checking = false;
      await life.settle();
    });
  });

  return {
    load: (plugins) =>
      change(async () => {
        for (const record of enter(plugins)) life.lacks(record);
        for (let record = life.next(); record !== undefined; record = life.next()) await start(record);
        await life.settle();
        assertSettled();
      }),
    plug: (plugin) =>
      change(async () => {
        const [record] = enter([plugin]) as [PluginRecord];
        try {
          await start(record);
        } catch (error) {
          records.delete(plugin.name);
          throw error;
        }
        await life.settle();
        return record.info;
      }),
    unplug: (name) =>
      change(async () => {
        const record = known(name);
        try {
          await life.deactivate(record);
        } finally {
          records.delete(name);
          await life.settle();
        }
      }),
    replace: (plugin) =>
      changeOne(plugin.name, async (record) => {
        const before = record.plugin;
        await turn(record, plugin);
        record.replaced(before, clock);
      }),
    rollback: (name) =>
      changeOne(name, async (record) => {
        const { previous } = record;
        if (previous === undefined) throw fail("plugin.no_previous", { name });
        await turn(record, previous);
        record.rolledBack(clock);
      }),
    history: (name) => known(name).history,
    release: (name) =>
      changeOne(name, async (record) => {
        if (record.status !== "quarantined" && record.status !== "failed") return;
        record.faults = [];
        await life.activate(record);
      }),
    fault,
    list: () => [...records.values()].map((record) => record.info),
    async quiet() {
      await Promise.all([...records.values()].map(({ live }) => live?.holdings.quiet()));
    },
    close() {
      closed = true;
      life.giveUp();
    },
    end() {
      // Before its turn: it would wait behind a set-up that hangs.
      life.end();
      return change(async () => {
        ended = true;
        unwatch();
        const failures: unknown[] = [];
        const note = (error: unknown) => void failures.push(error);
        // The last loaded goes first: what it uses is still there.
        for (const record of [...records.values()].reverse()) await life.deactivate(record).catch(note);
        records.clear();
        const rest = root.end().catch(note);
        // What hangs there has had its time.
        if (!life.abandoned()) await rest;
        if (failures.length > 0) throw gathered("plugins", failures);
      });
    },
  };
}
