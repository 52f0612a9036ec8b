// Takes items in, hands them out in order, so many at a time.
//
// 1. Never more than `concurrency` in work; items that wait are in the mailbox, nowhere else.
// 2. One microtask drains many items, of all that were put in in one go; after a burst it lets the event loop breathe.
// 3. Closed, it takes nothing more; what waited is handed to `left`.
import { fail } from "../errors.ts";
import type { Delivery, MailboxOptions } from "../message.ts";
import type { Batch } from "./batch.ts";
import { ACCEPTED, QUEUED, rejected } from "./bus.ts";
import { Mailbox } from "./mailbox.ts";

/** What is to be done once the place of an item is free again. */
export type Afterwards = (() => void) | undefined;

export interface InboxOptions<T> {
  readonly owner: string;
  /** What the items are a part of. */
  readonly batch: Batch;
  readonly concurrency: number;
  readonly mailbox: MailboxOptions;
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
  readonly #options: InboxOptions<T>;
  readonly #mailbox: Mailbox<T>;
  #scheduled = false;
  #paused = false;
  #idle: (() => void)[] = [];
  #closed: unknown = undefined;

  constructor(options: InboxOptions<T>) {
    this.#options = options;
    this.#mailbox = new Mailbox(options.mailbox, (item) => {
      options.left(item, fail("message.dropped", { owner: options.owner, policy: "drop-oldest" }, { stack: false }));
    });
  }

  get queued(): number {
    return this.#mailbox.size;
  }

  push(item: T, rank: number, body: unknown): Delivery | Promise<Delivery> {
    if (this.#closed !== undefined) return rejected(this.#closed);
    const { owner, concurrency } = this.#options;
    const mailbox = this.#mailbox;
    const bytes = mailbox.maxBytes === undefined ? 0 : sizeOf(body);
    const busy = this.active >= concurrency || mailbox.size > 0 || this.#paused;
    switch (mailbox.push(item, rank, bytes)) {
      case "in":
      case "displaced":
        this.#schedule();
        return busy ? QUEUED : ACCEPTED;
      case "wait":
        return mailbox.wait(item, rank, bytes).then((taken) => (taken ? QUEUED : rejected(this.#closed)));
      case "dropped":
        return rejected(fail("message.dropped", { owner, policy: mailbox.full }, { stack: false }));
      case "full":
        return rejected(fail("mailbox.full", { owner, bound: mailbox.bound }, { stack: false, retryable: true }));
    }
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
    if (waiting === "finish") this.resume();
    else for (const item of this.#mailbox.drain()) this.#options.left(item, reason);
    return this.idle();
  }

  /** Resolves when nothing is in work and nothing waits. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Begins work that did not come through the mailbox, if there is room right now. */
  tryEnter(): boolean {
    if (this.#paused || this.active >= this.#options.concurrency || this.#mailbox.size > 0) return false;
    this.active++;
    return true;
  }

  /** Ends work begun by `tryEnter`. */
  readonly leave = (): void => this.#done();

  #schedule(): void {
    if (this.#scheduled || this.#paused) return;
    this.#scheduled = true;
    this.#options.batch.add(this.#drain);
  }

  readonly #drain = (): void => {
    this.#scheduled = false;
    const { concurrency } = this.#options;
    for (let count = 0; !this.#paused && this.active < concurrency; count++) {
      if (count === BURST) {
        this.#breathe();
        return;
      }
      const item = this.#mailbox.take();
      if (item === undefined) return;
      // Counted before it begins: what it does first may already ask whether there is room.
      this.active++;
      const work = this.#options.work(item);
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
    if (!this.#isIdle()) return;
    this.#options.idle?.();
    if (this.#idle.length > 0) for (const resolve of this.#idle.splice(0)) resolve();
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

/** Measures what a mailbox bounded in bytes has to keep. */
function sizeOf(body: unknown): number {
  try {
    return (JSON.stringify(body)?.length ?? 0) * 2;
  } catch {
    // Not JSON (a cycle, a big integer): it takes what one message may take, for there is no measuring it.
    return Number.POSITIVE_INFINITY;
  }
}
