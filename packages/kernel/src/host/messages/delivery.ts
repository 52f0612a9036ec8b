import { type ErrorJson, toErrorJson } from "../../error.ts";
import type { Delivery } from "../../message.ts";

export const ACCEPTED: Delivery = Object.freeze({ status: "accepted", receivers: 1 });
export const QUEUED: Delivery = Object.freeze({ status: "queued", receivers: 1 });

/** A delivery that did not happen, with the error that says why. */
export function rejected(error: unknown): Delivery {
  return { status: "rejected", receivers: 0, reason: toErrorJson(error) };
}

/** Adds up what several receivers said. */
export class Tally {
  #receivers = 0;
  #queued = false;
  #reason: ErrorJson | undefined = undefined;

  add(delivery: Delivery): void {
    this.#receivers += delivery.receivers;
    this.#queued ||= delivery.status === "queued";
    this.#reason ??= delivery.reason;
  }

  get delivery(): Delivery {
    const receivers = this.#receivers;
    const reason = this.#reason;
    if (receivers === 0 && reason !== undefined) return { status: "rejected", receivers, reason };
    const status = this.#queued ? "queued" : "accepted";
    return reason === undefined ? { status, receivers } : { status, receivers, reason };
  }
}
