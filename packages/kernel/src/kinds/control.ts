import type { JsonObject } from "../json.ts";
import type { AgentStatus } from "../lifecycle.ts";
import type { PluginStatus } from "../plugin.ts";

/** What a granted plugin may see of the kernel: for gateways and dashboards. Plain data only. */
export interface Control {
  readonly name: string;
  plugins(): readonly PluginInfo[];
  agents(): readonly AgentInfo[];
  /** What is on each shelf, newest provider first. */
  shelves(): Readonly<Record<string, readonly ShelfEntry[]>>;
  /** Calls in flight. */
  calls(): number;
}

export interface PluginInfo extends JsonObject {
  readonly name: string;
  readonly version: string;
  readonly status: PluginStatus;
  /** Milliseconds its set-up took. */
  readonly ms: number;
  readonly provides: readonly string[];
  /** Why it waits or failed. */
  readonly reason?: string;
}

export interface AgentInfo extends JsonObject {
  readonly name: string;
  readonly status: AgentStatus;
  readonly queued: number;
  readonly active: number;
  readonly handled: number;
  readonly failed: number;
}

export interface ShelfEntry extends JsonObject {
  readonly name: string;
  readonly owner: string;
  readonly description?: string;
}
