// Takes events from a source and has each worked on.
//
// 1. The source is asked for one event at a time, and only when there is room: nothing is kept waiting in the loop.
// 2. Each event is one outermost call of kind `loop`: watchers see it, and cancelling it reaches all that was begun for it.
// 3. An event that fails is counted, logged and handed to `failed`; only the end of the source, of the kernel, or `stop`
//    ends the loop.
// 4. A listener that hangs holds up its own event only, and the end no longer than those in work do.
// 5. At the end nothing is in work, the source was told to return, and no timer or listener is left.
import { type Action, type ErrorJson, isMofaError, toErrorJson } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { fail } from "../errors.ts";
import { SKIPPED, toLoopAction } from "./dispatch.ts";
import type { EventLoop, EventLoopOptions, LoopCounts, LoopSummary } from "./options.ts";
import { type Pull, pullFrom } from "./pull.ts";

const DRAIN = 5000;
/** Milliseconds that listeners get when the events in work have been cancelled. */
const LISTENERS_MS = 5000;

/** Has the events of a source worked on by agents and actions, so many at a time, until the source ends or it is stopped. */
export function runEventLoop<T>(kernel: Kernel, options: EventLoopOptions<T>): EventLoop {
  checkOptions(options);
  const loop = new Loop(kernel, options);
  kernel.own(async () => void (await loop.stop()));
  return loop;
}

class Loop<T> implements EventLoop {
  readonly name: string;
  readonly done: Promise<LoopSummary>;
  readonly #kernel: Kernel;
  readonly #options: EventLoopOptions<T>;
  readonly #action: Action<T, unknown>;
  readonly #pull: Pull<T>;
  /** What cancels each event in work. */
  readonly #working = new Set<AbortController>();
  readonly #counts = { taken: 0, handled: 0, failed: 0, interrupted: 0, skipped: 0 };
  /** Looks whether there is room now. */
  #wake: () => void = ignore;
  #clearDrain: () => void = ignore;
  /** What waits for listeners. */
  readonly #telling = new Set<() => void>();
  #stopped = false;

  constructor(kernel: Kernel, options: EventLoopOptions<T>) {
    this.name = options.name ?? "events";
    this.#kernel = kernel;
    this.#options = options;
    this.#action = toLoopAction(this.name, options.dispatch);
    this.#pull = pullFrom(options.source, (event) => this.#refuse(event));
    kernel.signal.addEventListener("abort", this.#close, { once: true });
    if (kernel.signal.aborted) this.#close();
    this.done = this.#run();
  }

  get counts(): LoopCounts {
    return { ...this.#counts, running: this.#working.size };
  }

  interrupt(reason = "it was asked to stop"): number {
    const count = this.#working.size;
    const error = () => fail("loop.interrupted", { loop: this.name, reason }, { stack: false });
    for (const stop of [...this.#working]) stop.abort(error());
    return count;
  }

  stop({ drain = this.#options.drain ?? DRAIN }: { readonly drain?: number } = {}): Promise<LoopSummary> {
    this.#stopped = true;
    this.#pull.stop();
    this.#clearDrain();
    const late = () => {
      this.interrupt(`the loop stopped and it was not done within ${drain} ms`);
      if (this.#working.size > 0) this.#clearDrain = this.#kernel.clock.after(LISTENERS_MS, this.#leaveListeners);
    };
    if (drain <= 0) late();
    else if (this.#working.size > 0) this.#clearDrain = this.#kernel.clock.after(drain, late);
    return this.done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  readonly #close = (): void => void this.stop();

  async #run(): Promise<LoopSummary> {
    const failure = await this.#takeAll();
    await this.#room(1);
    this.#clearDrain();
    this.#kernel.signal.removeEventListener("abort", this.#close);
    const wrong = await this.#pull.end(this.#kernel.clock, this.#options.drain ?? DRAIN);
    if (wrong !== undefined) this.#kernel.log.warn(`${this.name}: the source did not end well: ${wrong}`);
    if (failure !== undefined) return { ...this.counts, status: "failed", error: failure };
    return { ...this.counts, status: this.#stopped ? "stopped" : "ended" };
  }

  /** Begins one event after the other, as there is room; gives what the source failed with. */
  async #takeAll(): Promise<ErrorJson | undefined> {
    const { concurrency = 1 } = this.#options;
    try {
      for (;;) {
        await this.#room(concurrency);
        const next = await this.#pull.next();
        if (next === undefined) return undefined;
        this.#counts.taken++;
        void this.#work(next.value);
      }
    } catch (cause) {
      const data = { loop: this.name, reason: toErrorJson(cause).message };
      const error = fail("loop.source_failed", data, { cause });
      this.#kernel.log.error(error.message, { code: error.code });
      return toErrorJson(error);
    }
  }

  /** Resolves when fewer than so many are in work. */
  #room(most: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        if (this.#working.size < most) resolve();
      };
      this.#wake();
    });
  }

  /** Has one event worked on; never rejects. */
  async #work(event: T): Promise<void> {
    const stop = new AbortController();
    this.#working.add(stop);
    const { timeout, handled } = this.#options;
    const limits = timeout === undefined ? {} : { timeout };
    const trace = this.#kernel.ids.text(this.#kernel.ids.next());
    try {
      const output = await this.#kernel.invoke(this.#action, event, { ...limits, trace, signal: stop.signal });
      this.#counts[output === SKIPPED ? "skipped" : "handled"]++;
      if (output !== SKIPPED) await this.#tell(() => handled?.(event, output));
    } catch (error) {
      // Whoever was asked by an address works in a call of its own, which is found by the trace.
      if (stop.signal.aborted || isMofaError(error, "call.timed_out"))
        this.#kernel.interrupt({ trace }, toErrorJson(error).message);
      await this.#settle(event, error, stop.signal.aborted);
    }
    this.#working.delete(stop);
    this.#wake();
  }

  /** An event came to nothing. */
  async #settle(event: T, error: unknown, interrupted: boolean): Promise<void> {
    this.#counts[interrupted ? "interrupted" : "failed"]++;
    const { code, message } = toErrorJson(error);
    const said = `${this.name}: an event came to nothing: ${message}`;
    if (interrupted) this.#kernel.log.info(said, { code });
    else this.#kernel.log.error(said, { code });
    if (code === "kernel.closed") this.#close();
    await this.#tell(() => this.#options.failed?.(event, error));
  }

  /** The source gave an event when no more were wanted. */
  #refuse(event: T): void {
    const error = fail("loop.stopped", { loop: this.name }, { stack: false });
    this.#kernel.log.warn(error.message, { code: error.code });
    void this.#tell(() => this.#options.failed?.(event, error));
  }

  readonly #leaveListeners = (): void => {
    const { size } = this.#telling;
    if (size > 0) this.#kernel.log.warn(`${this.name}: ${size} listeners hang and are no longer waited for.`);
    for (const leave of [...this.#telling]) leave();
  };

  /** Waits for a listener until it is done, or left to itself. What it throws is logged: it must not end the loop. */
  #tell(listener: () => void | Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const leave = () => {
        this.#telling.delete(leave);
        resolve();
      };
      this.#telling.add(leave);
      void this.#listen(listener).then(leave);
    });
  }

  async #listen(listener: () => void | Promise<void>): Promise<void> {
    try {
      await listener();
    } catch (error) {
      this.#kernel.log.error(`${this.name}: a listener threw: ${toErrorJson(error).message}`);
    }
  }
}

function ignore(): void {}

function checkOptions<T>({ name = "events", concurrency = 1, timeout, drain }: EventLoopOptions<T>): void {
  const refuse = (what: string) => {
    throw fail("loop.bad_option", { loop: name, what });
  };
  if (!Number.isInteger(concurrency) || concurrency < 1) refuse("concurrency must be a whole number from 1");
  if (timeout !== undefined && !(timeout > 0)) refuse("timeout must be more than 0 ms");
  if (drain !== undefined && !(drain >= 0)) refuse("drain must be 0 ms or more");
}
