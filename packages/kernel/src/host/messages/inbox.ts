// Takes items in, hands them out in order, so many at a time.
//
// 1. Never more than `concurrency` in work; items that wait are in the mailbox, nowhere else.
// 2. One microtask drains many items, of all that were put in in one go; after a burst it lets the event loop breathe.
// 3. Closed, it takes nothing more; what waited is handed to `left`. It can be opened again.
import { fail } from "../../errors.ts";
import type { Delivery, MailboxOptions } from "../../message.ts";
import type { LiveCall } from "../calls/live-call.ts";
import type { Batch } from "./batch.ts";
import { ACCEPTED, QUEUED, rejected } from "./delivery.ts";
import { Mailbox } from "./mailbox.ts";

/** What is to be done once the place of an item is free again. */
export type Afterwards = (() => void) | undefined;

/** Whose inbox it is, and who works on what comes out of it. */
export interface InboxOwner<T> {
  readonly address: string;
  /** How many items are in work at a time. */
  readonly places: number;
  readonly bounds: MailboxOptions;
  /** Works on one item; must not throw. */
  work(item: T): Promise<Afterwards> | undefined;
  /** Hears that nothing is in work and nothing waits. */
  idle?(): void;
  /** Hears of items that were given up, and why. */
  left(item: T, reason: unknown): void;
}

const BURST = 1000;

export class Inbox<T> {
  active = 0;
  /** The calls that are in work, kept here for the owner: it needs no place for them before it has an inbox. */
  readonly calls: LiveCall[] = [];
  readonly #owner: InboxOwner<T>;
  readonly #batch: Batch;
  readonly #places: number;
  readonly #mailbox: Mailbox<T>;
  #scheduled = false;
  #paused: boolean;
  #idle: (() => void)[] | undefined = undefined;
  #settled: (() => void)[] | undefined = undefined;
  #closed: unknown = undefined;
  /** What it was closed with last: for those who waited outside then. */
  #turnedAway: unknown = undefined;

  /** `batch` is what the items are a part of; paused, it keeps what it takes in. */
  constructor(owner: InboxOwner<T>, batch: Batch, paused = false) {
    this.#owner = owner;
    this.#batch = batch;
    this.#places = owner.places;
    this.#paused = paused;
    this.#mailbox = new Mailbox(owner.bounds, (item) =>
      owner.left(item, fail("message.dropped", { owner: owner.address, policy: "drop-oldest" }, { stack: false })),
    );
  }

  get queued(): number {
    return this.#mailbox.size;
  }

  push(item: T, rank: number, body: unknown): Delivery | Promise<Delivery> {
    if (this.#closed !== undefined) return rejected(this.#closed);
    const mailbox = this.#mailbox;
    const bytes = mailbox.maxBytes === undefined ? 0 : sizeOf(body);
    const busy = this.active >= this.#places || mailbox.size > 0 || this.#paused;
    const pushed = mailbox.push(item, rank, bytes);
    if (pushed === "in" || pushed === "displaced") {
      this.#schedule();
      return busy ? QUEUED : ACCEPTED;
    }
    if (pushed !== "wait") return rejected(refusal(this.#owner.address, mailbox, { pushed, bytes }));
    return mailbox.wait(item, rank, bytes).then((taken) => (taken ? QUEUED : rejected(this.#turnedAway)));
  }

  /** Puts back what was in work, to be taken again before all else of its rank. */
  putBack(item: T, rank: number, body: unknown): void {
    if (this.#closed !== undefined) {
      this.#owner.left(item, this.#closed);
      return;
    }
    this.#mailbox.putBack(item, rank, this.#mailbox.maxBytes === undefined ? 0 : sizeOf(body));
    this.#schedule();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  /** Takes nothing more; what waited is given up, or worked off first. Resolves when nothing is left to do. */
  close(reason: unknown, waiting: "refuse" | "finish" = "refuse"): Promise<void> {
    this.#closed ??= reason;
    this.#turnedAway = this.#closed;
    if (waiting === "finish") this.resume();
    else {
      for (const item of this.#mailbox.drain()) this.#owner.left(item, reason);
      // Somebody may wait already for what was to be finished.
      if (this.#isIdle()) this.#tellIdle();
    }
    return this.idle();
  }

  /** Takes items in again; they are handed out once it is resumed. */
  open(): void {
    this.#closed = undefined;
    this.#paused = true;
  }

  /** Resolves when nothing is in work and nothing waits. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    this.#idle ??= [];
    const waiting = this.#idle;
    return new Promise((resolve) => waiting.push(resolve));
  }

  /** Resolves when nothing is in work; others may still wait. */
  settled(): Promise<void> {
    if (this.active === 0) return Promise.resolve();
    this.#settled ??= [];
    const waiting = this.#settled;
    return new Promise((resolve) => waiting.push(resolve));
  }

  /** Begins work that did not come through the mailbox, if there is room right now. */
  tryEnter(): boolean {
    if (this.#paused || this.active >= this.#places || this.#mailbox.size > 0) return false;
    this.active++;
    return true;
  }

  /** Ends work begun by `tryEnter`. */
  readonly leave = (): void => this.#done();

  #schedule(): void {
    if (this.#scheduled || this.#paused) return;
    this.#scheduled = true;
    this.#batch.add(this.#drain);
  }

  readonly #drain = (): void => {
    this.#scheduled = false;
    for (let count = 0; !this.#paused && this.active < this.#places; count++) {
      if (count === BURST) {
        this.#breathe();
        return;
      }
      const item = this.#mailbox.take();
      if (item === undefined) return;
      // Counted before it begins: what it does first may already ask whether there is room.
      this.active++;
      const work = this.#owner.work(item);
      if (work instanceof Promise) work.then(this.#done, this.leave);
      else this.#leave();
    }
  };

  readonly #done = (afterwards?: Afterwards): void => {
    this.#leave();
    afterwards?.();
    this.#schedule();
  };

  #leave(): void {
    this.active--;
    if (this.active === 0 && this.#settled !== undefined) {
      for (const resolve of this.#settled) resolve();
      this.#settled = undefined;
    }
    if (!this.#isIdle()) return;
    this.#owner.idle?.();
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#idle === undefined) return;
    for (const resolve of this.#idle) resolve();
    this.#idle = undefined;
  }

  #isIdle(): boolean {
    return this.active === 0 && this.#mailbox.size === 0;
  }

  #breathe(): void {
    this.#scheduled = true;
    // A timer waits a millisecond at least, which is ten bursts; not every environment has better.
    (globalThis.setImmediate ?? setTimeout)(this.#drain);
  }
}

/** Says why a mailbox did not take something. */
function refusal<T>(owner: string, { full, bound, maxBytes = 0 }: Mailbox<T>, { pushed, bytes }: Refused): unknown {
  switch (pushed) {
    case "dropped":
      return fail("message.dropped", { owner, policy: full }, { stack: false });
    case "full":
      return fail("mailbox.full", { owner, bound }, { stack: false, retryable: true });
    case "too large": {
      const size = Number.isFinite(bytes) ? `${bytes} bytes` : "not JSON, so it has no size";
      return fail("message.too_large", { owner, size, maxBytes }, { stack: false });
    }
  }
}

interface Refused {
  readonly pushed: "dropped" | "full" | "too large";
  readonly bytes: number;
}

/** Measures what a mailbox bounded in bytes has to keep. */
function sizeOf(body: unknown): number {
  try {
    return (JSON.stringify(body)?.length ?? 0) * 2;
  } catch {
    // Not JSON (a cycle, a big integer): it takes what one message may take, for there is no measuring it.
    return Number.POSITIVE_INFINITY;
  }
}
