import type { Clock } from "../../clock.ts";
import type { PluginInfo, PluginVersion } from "../../kinds/control.ts";
import type { Plugin, PluginState, PluginStatus } from "../../plugin.ts";
import type { Scope } from "../../scope.ts";
import type { Holdings } from "./context.ts";
import { type Member, type Need, parseNeeds } from "./needs.ts";

/** A version of a plugin that is set up. */
export interface Version {
  readonly plugin: Plugin;
  readonly scope: Scope;
  readonly holdings: Holdings;
  readonly state: PluginState;
  readonly ms: number;
}

const MAX_HISTORY = 20;

/** What is known of one plugin, from its loading to its end, over all its versions. */
export class PluginRecord implements Member {
  plugin: Plugin;
  needs: readonly Need[];
  status: PluginStatus = "waiting";
  reason: string | undefined = undefined;
  /** When it was at fault, as far as that still counts. */
  faults: readonly number[] = [];
  #live: Version | undefined = undefined;
  #brought: readonly string[] = [];
  #history: readonly PluginVersion[] = [];
  /** Where rollbacks go, the last one first to go to. */
  #before: readonly Plugin[] = [];

  constructor(plugin: Plugin) {
    this.plugin = plugin;
    this.needs = parseNeeds(plugin);
  }

  get live(): Version | undefined {
    return this.#live;
  }

  set live(version: Version | undefined) {
    // What it brought is known from now on, also while it is parked.
    this.#brought = (version ?? this.#live)?.holdings.names() ?? this.#brought;
    this.#live = version;
  }

  get brings(): readonly string[] {
    return [...(this.plugin.provides ?? []), ...this.#brought];
  }

  /** Makes another version the one that counts; the one before comes back the same way. */
  turnTo(plugin: Plugin, needs: readonly Need[]): void {
    this.plugin = plugin;
    this.needs = needs;
  }

  get history(): readonly PluginVersion[] {
    return this.#history;
  }

  get previous(): Plugin | undefined {
    return this.#before.at(-1);
  }

  loaded(clock: Clock): void {
    this.#note({ version: this.plugin.version, at: clock.now(), status: "active" });
  }

  replaced(before: Plugin, clock: Clock): void {
    this.#before = [...this.#before, before].slice(-MAX_HISTORY);
    this.#leaveActive("replaced");
    this.loaded(clock);
  }

  rolledBack(clock: Clock): void {
    this.#before = this.#before.slice(0, -1);
    this.#leaveActive("rolled back");
    this.loaded(clock);
  }

  notReplaced({ version }: Plugin, reason: string, clock: Clock): void {
    this.#note({ version, at: clock.now(), status: "failed", reason });
  }

  get info(): PluginInfo {
    const { plugin, status, reason, live } = this;
    return {
      name: plugin.name,
      version: plugin.version,
      status,
      ms: live?.ms ?? 0,
      provides: live?.holdings.names() ?? [],
      needs: this.needs.map(({ text }) => text),
      holds: live?.scope.size ?? 0,
      rollbacks: this.#before.length,
      ...(plugin.description === undefined ? {} : { description: plugin.description }),
      ...(reason === undefined ? {} : { reason }),
    };
  }

  #note(version: PluginVersion): void {
    this.#history = [...this.#history, version].slice(-MAX_HISTORY);
  }

  #leaveActive(status: "replaced" | "rolled back"): void {
    this.#history = this.#history.map((one) => (one.status === "active" ? { ...one, status } : one));
  }
}
