// A request: sends with a way back, and waits.
//
// 1. It ends once: with the answer, a refusal, the signal, the time limit, or the end of the call that asks.
// 2. Then its timer, its listener and its place under the asking call are gone.
import type { AnyAction } from "../../action.ts";
import type { InvokeOptions } from "../../call.ts";
import { type ErrorJson, fromErrorJson } from "../../error.ts";
import { fail } from "../../errors.ts";
import type { Delivery, Draft } from "../../message.ts";
import { type CallHost, LiveCall } from "../calls/live-call.ts";
import type { Reply } from "./envelope.ts";

export interface Asking {
  readonly draft: Draft;
  readonly options: InvokeOptions;
  readonly from: LiveCall | undefined;
}

/** Posts with a way back and waits for what comes. */
export function ask(
  host: CallHost,
  asking: Asking,
  post: (asking: Asking, reply: Reply) => Delivery | Promise<Delivery>,
): Promise<unknown> {
  const { signal } = asking.options;
  if (signal?.aborted === true) return Promise.reject(signal.reason);
  const request = new OpenRequest(host, asking);
  if (!request.open) return request.answered;
  try {
    const delivery = post(asking, request);
    if (delivery instanceof Promise)
      delivery.then(
        (settled) => request.check(settled),
        (error) => request.refuse(error),
      );
    else request.check(delivery);
  } catch (error) {
    request.refuse(error);
  }
  return request.answered;
}

class OpenRequest implements Reply {
  readonly asker: LiveCall | undefined;
  readonly options: InvokeOptions;
  readonly answered: Promise<unknown>;
  open = true;
  forget?: () => void;
  readonly #draft: Draft;
  #resolve: (value: unknown) => void = ignore;
  #reject: (reason: unknown) => void = ignore;
  /** What the asking call cancels when it ends. */
  #waiting: LiveCall | undefined = undefined;
  #release: (() => void) | undefined = undefined;

  constructor(host: CallHost, { draft, options, from }: Asking) {
    this.#draft = draft;
    this.asker = from;
    this.options = options;
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (options.timeout !== undefined || options.signal !== undefined) this.#limit(host, options);
    if (from === undefined) return;
    this.#waiting = new LiveCall(host, asking(draft), from, undefined);
    this.#waiting.cancelled = (reason) => this.refuse(reason);
    if (this.#waiting.reason !== undefined) this.refuse(this.#waiting.reason);
  }

  answer(value: unknown): void {
    if (this.#end()) this.#resolve(value);
  }

  refuse(error: unknown): void {
    if (this.#end()) this.#reject(error);
  }

  /** Refuses what nobody took in. */
  check({ status, receivers, reason }: Delivery): void {
    if (status === "rejected" || receivers === 0) this.refuse(notDelivered(this.#draft.to, reason));
  }

  #end(): boolean {
    if (!this.open) return false;
    this.open = false;
    this.#release?.();
    this.forget?.();
    this.#waiting?.end();
    return true;
  }

  #limit(host: CallHost, { timeout, signal }: InvokeOptions): void {
    const stop = () => this.refuse(signal?.reason);
    const late = () => {
      const data = { address: this.#draft.to, ms: timeout ?? 0 };
      this.refuse(fail("message.no_answer", data, { stack: false, retryable: true }));
    };
    const clear = timeout === undefined ? undefined : host.clock.after(timeout, late);
    signal?.addEventListener("abort", stop, { once: true });
    this.#release = () => {
      clear?.();
      signal?.removeEventListener("abort", stop);
    };
  }
}

function ignore(): void {}

/** What a call that waits for an answer is called in errors. */
function asking({ type }: Draft): AnyAction {
  return { kind: "message", name: type, run: () => undefined };
}

function notDelivered(address: string, reason: ErrorJson | undefined): unknown {
  const data = { address, reason: reason?.message ?? "nobody listens there." };
  if (reason === undefined) return fail("message.not_delivered", data, { stack: false, retryable: true });
  return fail("message.not_delivered", data, {
    stack: false,
    retryable: reason.retryable,
    cause: fromErrorJson(reason),
  });
}
