// The lives of plugins: set up, put in place, parked while a need is missing, taken down.
//
// 1. Only one change is made at a time; whoever calls has the queue of changes.
// 2. What a plugin brings belongs to its scope; ending the scope takes it back.
// 3. A plugin whose needs go is parked before what it used has ended, and resumes when they return.
// 4. Nobody waits for ever: a set-up or an end that hangs would hold up all changes after it, and the end of the kernel.
// 5. A plugin starts after those that its optional needs name, where they are on their way; nobody waits for them for ever.
import { toErrorJson } from "../../error.ts";
import { fail } from "../../errors.ts";
import { createLog } from "../../log.ts";
import type { Plugin, PluginStatus } from "../../plugin.ts";
import type { Scope } from "../../scope.ts";
import { atMost, before } from "../at-most.ts";
import { type ContextHost, createContext } from "./context.ts";
import { comingNeeds, missingNeeds, type Need, type There } from "./needs.ts";
import type { PluginRecord, Version } from "./plugin-record.ts";

export interface PluginLife {
  /** What is there for needs to be met by. */
  readonly there: There;
  report(error: unknown): void;
  become(record: PluginRecord, status: PluginStatus, reason?: string): void;
  /** Sets a version up; staged, what it brings is seen by nobody else. */
  setUp(plugin: Plugin, staged: boolean): Promise<Version>;
  /** Says whether something that it needs is missing; then it waits. */
  lacks(record: PluginRecord): boolean;
  /** Sets it up if what it needs is there; throws what that failed with. */
  activate(record: PluginRecord): Promise<void>;
  /** Takes out of place what it brings, parks who needs it, and lets what is in work finish. */
  retire(record: PluginRecord): Promise<Version | undefined>;
  /** Waits for a part of a version's set-up: not for longer than it may take, nor past the end of the kernel. */
  inTime<T>(plugin: Plugin, work: T | Promise<T>): Promise<T>;
  /** Ends all that a version holds; what hangs is left to itself. */
  endVersion(version: Pick<Version, "plugin" | "scope">, reason?: unknown): Promise<void>;
  /** Retires it and ends all it holds. */
  deactivate(record: PluginRecord): Promise<void>;
  /** The plugin that can start now and is the next to. */
  next(): PluginRecord | undefined;
  /** Parks and wakes until everything is as its needs have it. */
  settle(): Promise<void>;
  /** Whether a thing of that kind that comes or goes may meet or break a need. */
  isNeeded(kind: string): boolean;
  /** Whether some version has not ended in its time. */
  abandoned(): boolean;
  /** Gives up the set-up that is under way, if there is one. */
  giveUp(): void;
  /** From now on nothing is parked or woken, no set-up is waited for, and ending does not wait for calls. */
  end(): void;
}

const DRAIN_MS = 5000;
const SETUP_MS = 60_000;
const END_MS = 30_000;

export function createPluginLife(
  host: ContextHost,
  root: Scope,
  records: ReadonlyMap<string, PluginRecord>,
): PluginLife {
  const log = createLog("plugins", host.write, host.clock.now);
  let needed: ReadonlySet<string> = new Set();
  let ended = false;
  let abandoned = false;
  /** Gives up the set-up that is under way. */
  let giveUp = () => {};

  const there: There = {
    has: (kind, name) => host.guarded.has(kind) || host.registry.find(kind, name) !== undefined,
    version(name) {
      const record = records.get(name);
      return record?.status === "active" ? record.plugin.version : undefined;
    },
  };

  const report = (error: unknown) => log.error(toErrorJson(error).message);
  const waiting = () => [...records.values()].filter(({ status }) => status === "waiting");

  function become(record: PluginRecord, status: PluginStatus, reason?: string): void {
    record.status = status;
    record.reason = reason;
    if (!host.events.wanted("plugin.changed", "plugin")) return;
    const { name, version } = record.plugin;
    const body = reason === undefined ? { status, version } : { status, version, reason };
    const at = host.clock.now();
    host.events.tell({ type: "plugin.changed", at, trace: "", call: "", kind: "plugin", name, ...body });
  }

  async function setUp(plugin: Plugin, staged: boolean): Promise<Version> {
    const { name } = plugin;
    const scope = root.child(`plugin:${name}`);
    const started = host.clock.monotonic();
    const { ctx, holdings } = createContext(host, { name, scope, staged });
    try {
      const state = await inTime(plugin, plugin.setup(ctx));
      return { plugin, scope, holdings, state: state ?? {}, ms: host.clock.monotonic() - started };
    } catch (cause) {
      await endVersion({ plugin, scope }, cause).catch(report);
      throw setupFailed(plugin, cause);
    }
  }

  async function inTime<T>(plugin: Plugin, work: T | Promise<T>): Promise<T> {
    if (!(work instanceof Promise)) return work;
    const { name, version, setupTimeout: ms = SETUP_MS } = plugin;
    const late = () => fail("plugin.too_slow", { name, version, ms }, { stack: false });
    const givenUp = new Promise<never>((_, reject) => {
      giveUp = () => reject(fail("kernel.closed", {}, { stack: false }));
      if (ended) giveUp();
    });
    try {
      return await before(host.clock, { ms, late }, Promise.race([work, givenUp]));
    } finally {
      giveUp = () => {};
    }
  }

  function endVersion({ plugin, scope }: Pick<Version, "plugin" | "scope">, reason?: unknown): Promise<void> {
    const { name, version } = plugin;
    const late = () => {
      abandoned = true;
      return fail("plugin.not_ended", { name, version, ms: END_MS }, { stack: false });
    };
    return before(host.clock, { ms: END_MS, late }, scope.end(reason));
  }

  function lacks(record: PluginRecord): boolean {
    const missing = missingNeeds(record.needs, there);
    if (missing.length > 0) become(record, "waiting", `needs ${missing.join(", ")}`);
    return missing.length > 0;
  }

  async function activate(record: PluginRecord): Promise<void> {
    if (lacks(record)) return;
    become(record, "starting");
    try {
      record.live = await setUp(record.plugin, false);
    } catch (error) {
      become(record, "failed", toErrorJson(error).message);
      throw error;
    }
    become(record, "active");
  }

  async function retire(record: PluginRecord): Promise<Version | undefined> {
    const { live } = record;
    if (live === undefined) return undefined;
    record.live = undefined;
    become(record, "stopping");
    live.holdings.withdraw();
    // Who uses it goes before what it uses is gone.
    await park();
    // At the end of the kernel calls are cancelled: who does not care is not waited for.
    const over = ended ? live.holdings.stopped() : live.holdings.idle();
    await atMost(host.clock, drainOf(live.plugin), over);
    return live;
  }

  async function deactivate(record: PluginRecord): Promise<void> {
    const live = await retire(record);
    if (live !== undefined) await endVersion(live);
  }

  /** Parks plugins whose needs went, the last loaded first; says whether there was one. */
  async function park(): Promise<boolean> {
    let moved = false;
    for (const record of [...records.values()].reverse()) {
      // One that failed is tried again when what it needs has gone and returned.
      if (ended || (record.status !== "active" && record.status !== "failed")) continue;
      if (missingNeeds(record.needs, there).length === 0) continue;
      await deactivate(record).catch(report);
      lacks(record);
      moved = true;
    }
    return moved;
  }

  function next(): PluginRecord | undefined {
    const ready = waiting().filter(({ needs }) => missingNeeds(needs, there).length === 0);
    return ready.find((record) => comingNeeds(record.needs, othersThan(record)).length === 0) ?? ready[0];
  }

  function othersThan(record: PluginRecord): readonly PluginRecord[] {
    return waiting().filter((other) => other !== record);
  }

  /** Wakes the next plugin whose needs came; says whether there was one. */
  async function wake(): Promise<boolean> {
    const record = next();
    if (record === undefined) return false;
    await activate(record).catch((error) => {
      report(error);
      host.fault?.(record.plugin.name, error);
    });
    return true;
  }

  return {
    there,
    report,
    become,
    setUp,
    lacks,
    activate,
    retire,
    inTime,
    endVersion,
    deactivate,
    next,
    async settle() {
      needed = new Set([...records.values()].flatMap(({ needs }) => needs.flatMap(kindOf)));
      while (!ended && ((await park()) || (await wake())));
    },
    isNeeded: (kind) => needed.has(kind),
    abandoned: () => abandoned,
    giveUp: () => giveUp(),
    end() {
      ended = true;
      giveUp();
    },
  };
}

/** How long calls in flight get to finish. */
export function drainOf({ drain = DRAIN_MS }: Plugin): number {
  return drain;
}

export function setupFailed({ name, version }: Plugin, cause: unknown): unknown {
  return fail("plugin.setup_failed", { name, version, reason: toErrorJson(cause).message }, { cause });
}

function kindOf(need: Need): readonly string[] {
  return "plugin" in need || need.optional ? [] : [need.kind];
}
