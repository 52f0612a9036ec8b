// A request: sends with a way back, and waits.
//
// 1. It ends once: with the answer, a refusal, the signal, the time limit, or the end of the call that asks.
// 2. Then its timer, its listener and its place under the asking call are gone.
import type { AnyAction } from "../action.ts";
import type { InvokeOptions } from "../call.ts";
import { type ErrorJson, fromErrorJson } from "../error.ts";
import { fail } from "../errors.ts";
import type { Delivery, Draft } from "../message.ts";
import type { Reply } from "./envelope.ts";
import { type CallHost, LiveCall } from "./live-call.ts";

export interface Asking {
  readonly draft: Draft;
  readonly options: InvokeOptions;
  readonly from: LiveCall | undefined;
}

/** Posts with a way back and waits for what comes. */
export function ask(
  host: CallHost,
  { draft, options, from }: Asking,
  post: (reply: Reply) => Delivery | Promise<Delivery>,
): Promise<unknown> {
  const { timeout, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const waiting = from === undefined ? undefined : new LiveCall(host, asking(draft), from, undefined);
    if (waiting?.reason !== undefined) {
      waiting.end();
      return reject(waiting.reason);
    }
    const settle =
      <T>(end: (value: T) => void) =>
      (value: T) => {
        clear?.();
        signal?.removeEventListener("abort", stop);
        reply.forget?.();
        waiting?.end();
        end(value);
      };
    const refuse = settle(reject);
    const stop = () => refuse(signal?.reason);
    const late = () =>
      refuse(fail("message.no_answer", { address: draft.to, ms: timeout ?? 0 }, { stack: false, retryable: true }));
    const reply: Reply = { asker: from, answer: settle(resolve), refuse };
    const clear = timeout === undefined ? undefined : host.clock.after(timeout, late);
    signal?.addEventListener("abort", stop, { once: true });
    if (waiting !== undefined) waiting.cancelled = refuse;
    const check = (delivery: Delivery) => {
      if (delivery.status === "rejected" || delivery.receivers === 0) refuse(notDelivered(draft.to, delivery.reason));
    };
    try {
      const delivery = post(reply);
      if (delivery instanceof Promise) delivery.then(check, refuse);
      else check(delivery);
    } catch (error) {
      refuse(error);
    }
  });
}

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
