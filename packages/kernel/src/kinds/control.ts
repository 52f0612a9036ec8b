import type { BudgetState } from "../budget.ts";
import type { JsonObject } from "../json.ts";
import type { AgentStatus } from "../lifecycle.ts";
import type { DeadLetters } from "../message.ts";
import type { PluginStatus } from "../plugin.ts";
import type { TaskInfo } from "./scheduler.ts";
import type { SupervisionStrategy } from "./supervisor.ts";

/** Which calls to interrupt: those of one trace, or the turns of one agent. With both, that agent's turns in that trace. */
export type InterruptFilter =
  | { readonly trace: string; readonly agent?: string }
  | { readonly trace?: string; readonly agent: string };

/**
 * What a granted plugin may see of the kernel, and what an operator does through it: for gateways and dashboards.
 * What it gives is plain data; what it does is what the methods of the same name do on the kernel.
 */
export interface Control {
  readonly name: string;
  plugins(): readonly PluginInfo[];
  agents(): readonly AgentInfo[];
  /** Tasks of the kernel's scheduler that have not ended, oldest first. */
  tasks(): readonly TaskInfo[];
  /** The kernel first, then the supervisors in the order they came. */
  supervisors(): readonly SupervisorInfo[];
  /** What was told and came to nothing. */
  readonly deadLetters: DeadLetters;
  /** What is on each shelf, newest provider first. */
  shelves(): Readonly<Record<string, readonly ShelfEntry[]>>;
  /** Calls in flight. */
  calls(): number;
  /** What is bounded, and how much of it is used. */
  budgets(): readonly BudgetState[];
  pauseAgent(name: string): void;
  resumeAgent(name: string): void;
  stopAgent(name: string): Promise<void>;
  restartAgent(name: string): Promise<void>;
  /** Cancels calls in flight; says how many. */
  interrupt(which: InterruptFilter, reason?: string): number;
  /** False when there is no such task, or it has ended. */
  cancelTask(id: string, reason?: string): boolean;
  /** The versions of a plugin, the oldest first. */
  history(plugin: string): readonly PluginVersion[];
  rollback(plugin: string): Promise<PluginInfo>;
  /** Tries a plugin again that is in quarantine, or failed. */
  release(plugin: string): Promise<PluginInfo>;
}

export interface PluginInfo extends JsonObject {
  readonly name: string;
  readonly version: string;
  readonly status: PluginStatus;
  /** Milliseconds its set-up took. */
  readonly ms: number;
  readonly provides: readonly string[];
  readonly needs: readonly string[];
  /** How many things it holds: what it provides, watches, wraps and owns. */
  readonly holds: number;
  /** How many versions it can be rolled back. */
  readonly rollbacks: number;
  readonly description?: string;
  /** Why it waits, failed or was quarantined. */
  readonly reason?: string;
}

/** A version that a plugin had, has, or should have had. */
export interface PluginVersion extends JsonObject {
  readonly version: string;
  /** When it came, or failed to. */
  readonly at: number;
  /** `active` is the one that is loaded now. */
  readonly status: "active" | "replaced" | "rolled back" | "failed";
  /** Why it failed. */
  readonly reason?: string;
}

export interface AgentInfo extends JsonObject {
  readonly name: string;
  readonly status: AgentStatus;
  readonly queued: number;
  readonly active: number;
  readonly handled: number;
  readonly failed: number;
  /** How often it was brought back. */
  readonly restarts: number;
  /** Who watches over it; `kernel` where nobody else does. */
  readonly supervisor: string;
  /** What it failed with, until it is up again. */
  readonly reason?: string;
}

/** A supervisor, and what it has to do. */
export interface SupervisorInfo extends JsonObject {
  readonly name: string;
  readonly strategy: SupervisionStrategy;
  readonly maxRestarts: number;
  readonly within: number;
  /** Failures that count right now against `maxRestarts`; for the kernel, which counts each member by itself, of all. */
  readonly failures: number;
  /** `agent:NAME` and `supervisor:NAME`, in the order they came. */
  readonly members: readonly string[];
  /** The supervisor above; the kernel has none. */
  readonly supervisor?: string;
}

export interface ShelfEntry extends JsonObject {
  readonly name: string;
  readonly owner: string;
  readonly description?: string;
}
