import type { Action } from "../action.ts";
import type { MailboxOptions } from "../message.ts";
import type { ModelUsage } from "./model.ts";
import type { Supervision } from "./supervisor.ts";

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
  /** What it can do, for whoever dispatches work by it: `translate`, `language:no`. */
  readonly capabilities?: readonly string[];
  /** What becomes of it when it fails or ends. */
  readonly supervision?: Supervision;
  /** Makes it ready; when it throws, the agent has failed. A restart calls it again, after `stop`. */
  start?(life: AgentLife): void | Promise<void>;
  stop?(): void | Promise<void>;
}

/** From the start of an agent to its end; a restart begins another. */
export interface AgentLife {
  /** Fires when this life is to end. */
  readonly signal: AbortSignal;
  /** Says that the agent has failed by itself, between turns or in one: its process died, its connection is gone. */
  failed(error: unknown): void;
  /** Says that the agent has done all it was there for. */
  done(): void;
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
