import type { Action } from "../action.ts";
import type { MailboxOptions } from "../message.ts";
import type { ModelUsage } from "./model.ts";

/** An action with an address, a mailbox and a lifecycle. It does one thing at a time unless it declares otherwise. */
// biome-ignore lint/suspicious/noExplicitAny: the shelf holds agents of every shape; each one's schema checks its input.
export interface Agent<Input = any, Output = any> extends Action<Input, Output> {
  readonly kind: "agent";
  /** Reached by `role:NAME`. */
  readonly roles?: readonly string[];
  /** Topic patterns it listens to, like `orders.*`. */
  readonly topics?: readonly string[];
  readonly mailbox?: MailboxOptions;
  /** How many things it does at a time. Default 1. */
  readonly concurrency?: number;
  /** Makes it ready; when it throws, the agent has failed. */
  start?(signal: AbortSignal): void | Promise<void>;
  stop?(): void | Promise<void>;
}

/** What is said to a conversational agent. */
export interface AgentInput {
  readonly text: string;
  /** The conversation this belongs to; without it, the turn remembers nothing. */
  readonly session?: string;
}

/** What a conversational agent answers. */
export interface AgentReply {
  readonly text: string;
  /** Model calls made in this turn. */
  readonly rounds: number;
  readonly usage: ModelUsage;
  /** Why the turn ended. */
  readonly finish: "stop" | "length" | "refused" | "rounds" | "other";
  /** True when no real model answered. */
  readonly rehearsal?: boolean;
}
