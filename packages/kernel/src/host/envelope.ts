import type { Ids } from "../id.ts";
import type { Draft, Message, Priority } from "../message.ts";
import type { LiveCall } from "./live-call.ts";
import { PRIORITY_RANK } from "./mailbox.ts";

/** A message on its way in this process, with the way back for the answer. */
export class Envelope implements Message {
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly body: unknown;
  readonly at: number;
  readonly trace: string;
  readonly priority: Priority;
  // Declared only, so that a message that replies to nothing has no such field.
  declare readonly replyTo?: string;
  // Private, so that a handler sees nothing but the message.
  readonly #reply: Reply | undefined;
  readonly #ids: Ids;
  readonly #number: number;

  constructor(draft: Draft, head: { ids: Ids; at: number; trace: string; from: string }, reply: Reply | undefined) {
    this.from = draft.from ?? head.from;
    this.to = draft.to;
    this.type = draft.type;
    this.body = draft.body;
    this.at = head.at;
    this.trace = head.trace;
    this.priority = draft.priority ?? "normal";
    this.#reply = reply;
    if (draft.replyTo !== undefined) this.replyTo = draft.replyTo;
    this.#ids = head.ids;
    this.#number = head.ids.next();
  }

  get id(): string {
    return this.#ids.text(this.#number);
  }

  /** The way back, where an answer is awaited in this process. */
  get reply(): Reply | undefined {
    return this.#reply;
  }

  get rank(): number {
    return PRIORITY_RANK[this.priority];
  }

  /** The message alone, as plain data: what crosses a transport. */
  toJSON(): Message {
    const { id, from, to, type, body, at, trace, priority, replyTo } = this;
    return replyTo === undefined
      ? { id, from, to, type, body, at, trace, priority }
      : { id, from, to, type, body, at, trace, priority, replyTo };
  }
}

/** Where the answer goes. */
export interface Reply {
  /** The call that waits for it; undefined when it was asked from outside of any. */
  readonly asker: LiveCall | undefined;
  answer(value: unknown): void;
  refuse(error: unknown): void;
  /** Let go of when the answer is there, or is awaited no longer. */
  forget?: () => void;
}
