import type { InvokeOptions } from "../../call.ts";
import type { Ids } from "../../id.ts";
import type { Draft, Message, Priority } from "../../message.ts";
import { RANKS } from "../../task-queue.ts";
import type { LiveCall } from "../calls/live-call.ts";

/** What the bus adds to a draft. */
interface Head {
  readonly ids: Ids;
  readonly number: number;
  /** Where the draft has one. */
  readonly id: string | undefined;
  readonly at: number;
  readonly trace: string;
  readonly from: string;
}

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
  readonly #rank: number;
  readonly #reply: Reply | undefined;
  readonly #ids: Ids;
  readonly #number: number;
  readonly #id: string | undefined;

  constructor(draft: Draft, head: Head, reply: Reply | undefined) {
    this.from = draft.from ?? head.from;
    this.to = draft.to;
    this.type = draft.type;
    this.body = draft.body;
    this.at = head.at;
    this.trace = head.trace;
    this.priority = draft.priority ?? "normal";
    this.#rank = draft.priority === undefined ? RANKS.normal : RANKS[draft.priority];
    this.#reply = reply;
    if (draft.replyTo !== undefined) this.replyTo = draft.replyTo;
    this.#ids = head.ids;
    this.#number = head.number;
    this.#id = head.id;
  }

  get id(): string {
    return this.#id ?? this.#ids.text(this.#number);
  }

  /** The way back, where an answer is awaited in this process. */
  get reply(): Reply | undefined {
    return this.#reply;
  }

  get rank(): number {
    return this.#rank;
  }

  /** The same message once more, for another attempt; nobody waits for its answer. */
  again(): Envelope {
    const { at, trace, from } = this;
    return new Envelope(this, { ids: this.#ids, number: this.#number, id: this.#id, at, trace, from }, undefined);
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
  /** What was said of the work beside the message: whose it is, and what it may use up. */
  readonly options: InvokeOptions;
  answer(value: unknown): void;
  refuse(error: unknown): void;
  /** Let go of when the answer is there, or is awaited no longer. */
  forget?: () => void;
}
