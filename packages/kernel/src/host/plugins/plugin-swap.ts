import type { Clock } from "../../clock.ts";
import { isMofaError } from "../../error.ts";
import { fail } from "../../errors.ts";
import type { Plugin } from "../../plugin.ts";
import { atMost } from "../at-most.ts";
import { missingNeeds, parseNeeds } from "./needs.ts";
import { drainOf, type PluginLife, setupFailed } from "./plugin-life.ts";
import type { PluginRecord, Version } from "./plugin-record.ts";

/** What a swap works with: how plugins live, and time. */
export interface Swapping {
  readonly life: PluginLife;
  readonly clock: Clock;
}

/** Puts another version in the place of the one that is there; throws when it cannot, and then nothing has changed. */
export async function swap(swapping: Swapping, record: PluginRecord, plugin: Plugin): Promise<void> {
  const { life, clock } = swapping;
  const old = record.live;
  if (old === undefined) return swapIdle(life, record, plugin);
  const needs = parseNeeds(plugin);
  const missing = missingNeeds(needs, life.there);
  if (missing.length > 0) throw fail("plugin.needs_missing", { name: plugin.name, missing: missing.join(", ") });
  if (plugin.exclusive === true) return swapExclusive(life, { record, old }, plugin);
  const next = await life.setUp(plugin, true);
  try {
    // From the snapshot on without a pause, if `restore` needs none: no call can end in between and be forgotten.
    const restored = old.state.snapshot === undefined ? undefined : next.state.restore?.(old.state.snapshot());
    if (restored !== undefined) await life.inTime(plugin, restored);
    next.holdings.place();
  } catch (cause) {
    await life.endVersion(next, cause).catch(life.report);
    throw setupFailed(plugin, cause);
  }
  old.holdings.withdraw();
  record.turnTo(plugin, needs);
  record.live = next;
  life.become(record, "active");
  await atMost(clock, drainOf(old.plugin), old.holdings.idle());
  await life.endVersion(old).catch(life.report);
}

/** One that waits, failed or is in quarantine has nothing to hand over. */
async function swapIdle(life: PluginLife, record: PluginRecord, plugin: Plugin): Promise<void> {
  const { plugin: before, needs, status, reason } = record;
  record.turnTo(plugin, parseNeeds(plugin));
  try {
    await life.activate(record);
  } catch (error) {
    record.turnTo(before, needs);
    life.become(record, status, reason);
    throw error;
  }
}

interface Held {
  readonly record: PluginRecord;
  readonly old: Version;
}

/** For what cannot be held twice: the old version ends first, and comes back if the new one fails. */
async function swapExclusive(life: PluginLife, { record, old }: Held, plugin: Plugin): Promise<void> {
  const begin = async (version: Plugin) => {
    record.turnTo(version, parseNeeds(version));
    await life.activate(record);
    if (state.kept) await life.inTime(version, record.live?.state.restore?.(state.value));
  };
  await life.retire(record);
  const state = takeState(life, { record, old }, plugin);
  await life.endVersion(old).catch(life.report);
  try {
    await begin(plugin);
  } catch (error) {
    await life.deactivate(record).catch(life.report);
    await begin(old.plugin).catch(life.report);
    throw isMofaError(error, "plugin.setup_failed") ? error : setupFailed(plugin, error);
  }
}

/** Takes the snapshot of a version whose calls have finished; when that fails, it goes on as if nothing had been. */
function takeState(life: PluginLife, { record, old }: Held, plugin: Plugin): { kept: boolean; value: unknown } {
  try {
    return { kept: old.state.snapshot !== undefined, value: old.state.snapshot?.() };
  } catch (cause) {
    old.holdings.place();
    record.live = old;
    life.become(record, "active");
    throw setupFailed(plugin, cause);
  }
}
