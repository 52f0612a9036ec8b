import type { ErrorJson } from "./error.ts";

export type Priority = "critical" | "high" | "normal" | "low";

/** Most urgent first. */
export const PRIORITIES = ["critical", "high", "normal", "low"] as const satisfies readonly Priority[];

/** Something said to someone. Plain data. */
export interface Message {
  readonly id: string;
  readonly from: string;
  /** `agent:ann`, `role:critic` (all), `role:critic?one`, `topic:orders.new`, or `*` (everyone but the sender). */
  readonly to: string;
  readonly type: string;
  readonly body: unknown;
  /** Epoch milliseconds. */
  readonly at: number;
  /** The id of the call in which it was said; "" outside any call. */
  readonly trace: string;
  /** The id of the message that this answers. */
  readonly replyTo?: string;
  readonly priority: Priority;
}

/** A message before it is sent: the bus fills in the rest. */
export interface Draft {
  /** For those who may send it again: the same message has the same one. Default: a new one. */
  readonly id?: string;
  readonly to: string;
  readonly type: string;
  readonly body?: unknown;
  readonly from?: string;
  readonly priority?: Priority;
  readonly replyTo?: string;
}

/** What happened to a message: handled at once or queued by so many receivers, or rejected with the reason. */
export interface Delivery {
  readonly status: "accepted" | "queued" | "rejected";
  /** How many receivers took it. */
  readonly receivers: number;
  readonly reason?: ErrorJson;
}

/** What to do when a mailbox is full. */
export type FullPolicy = "wait" | "reject" | "drop-oldest" | "drop-newest";

export interface MailboxOptions {
  /** Default 1,000. */
  readonly maxMessages?: number;
  /** Counted as UTF-16 text of the body. Default: not measured, because that costs more than delivering. */
  readonly maxBytes?: number;
  /** Default `reject`. */
  readonly full?: FullPolicy;
}

/**
 * A message that came to nothing: it was told, so nobody waits for an answer, and it could not be delivered or its
 * handler failed. Of a message to many, each receiver that it did not reach has a letter of its own.
 */
export interface DeadLetter {
  readonly id: string;
  readonly message: Message;
  /** The receiver that did not get it, or failed over it: `agent:ann`. */
  readonly to: string;
  readonly reason: ErrorJson;
  /** Epoch milliseconds when it died. */
  readonly at: number;
  /** How often it has died: 1, and one more after each replay that came to nothing. */
  readonly attempts: number;
}

/** Which dead letters; nothing named means all. */
export interface DeadLetterFilter {
  /** The receiver. */
  readonly to?: string;
  /** The type of the message. */
  readonly type?: string;
  /** The code of the reason. */
  readonly code?: string;
}

/** The newest messages that came to nothing, in the memory of this process. */
export interface DeadLetters {
  /** How many there ever were. */
  readonly count: number;
  /** How many of them had to go, unread, because newer ones came. */
  readonly dropped: number;
  /** Those that are kept, oldest first. */
  list(filter?: DeadLetterFilter): readonly DeadLetter[];
  /** Takes letters out and delivers them again, each to the receiver it was for; one that fails again comes back. */
  replay(which?: string | DeadLetterFilter): Promise<readonly Delivery[]>;
  /** Throws letters away; says how many. */
  clear(filter?: DeadLetterFilter): number;
}
