// What one call of a model uses.
//
// 1. Each attempt (a retry is another) holds room of its own: for its input, and for as much answer as was granted.
// 2. An attempt that answers is settled by what the model reports; one that fails or is cut off by its input and the
//    part of the answer that came, both estimated. A request that never reached the model costs nothing.
// 3. A longer answer than there is room for is stopped while it comes.
// 4. A model that asks another model has handed its work over: the inner one is charged, the outer only for what it
//    reports beyond that.
import type { Spending } from "../../budget.ts";
import type { ModelPrice, ModelRequest, ModelUsage } from "../../kinds/model.ts";
import { answerTokens, estimateInput, estimateTokens } from "./model-estimate.ts";
import type { CallPurse, Held } from "./purse.ts";
import { type Amounts, type Ask, add, COUNTED, nothing } from "./spending.ts";

// How much more room is taken at a time for an answer that grows longer than was thought.
const MORE_TOKENS = 256;
const MILLION = 1_000_000;

export class ModelMeter {
  readonly #purse: CallPurse;
  readonly #input: number;
  readonly #price: ModelPrice | undefined;
  #held: Held | undefined = undefined;
  #begun = false;
  #streamed = 0;
  #growing = false;
  /** What models below were charged in this attempt; undefined while none was asked. */
  #below: Amounts | undefined = undefined;
  /** What the last attempt was charged. */
  #charged = nothing();

  constructor(purse: CallPurse, request: ModelRequest, price: ModelPrice | undefined) {
    this.#purse = purse;
    this.#input = estimateInput(request);
    this.#price = price;
  }

  /** Takes room for one attempt; gives the request, asking for no longer an answer than there is room for. */
  reserve(request: ModelRequest): ModelRequest | Promise<ModelRequest> {
    if (this.#held !== undefined) return request;
    const { outerMeter } = this.#purse;
    outerMeter?.handOver();
    const wanted = answerTokens(request);
    const held = this.#purse.take(this.#ask({ input: this.#input, units: wanted }));
    if (held instanceof Promise) return held.then((later) => this.#hold(request, later, wanted));
    return this.#hold(request, held, wanted);
  }

  begin(): void {
    this.#begun = true;
    this.#streamed = 0;
    this.#below = undefined;
    this.#charged = nothing();
  }

  /** The model has answered. */
  paid(usage: Partial<ModelUsage> | undefined): void {
    const { inputTokens, outputTokens, cost } = usage ?? {};
    const [input, output] = [count(inputTokens), count(outputTokens)];
    if (input === undefined || output === undefined) this.failed();
    else this.#settle({ tokens: input + output, cost: count(cost) ?? this.#cost(input, output) });
  }

  /** The model has failed, was cut off, or does not say what it used. */
  failed(): void {
    const output = estimateTokens(this.#streamed);
    this.#settle(this.#below ?? { tokens: this.#input + output, cost: this.#cost(this.#input, output) });
  }

  streamed(text: string): void {
    if (!this.#begun || this.#held === undefined) return;
    this.#streamed += text.length;
    const missing = estimateTokens(this.#streamed) - this.#held.units;
    if (missing > 0 && !this.#growing) this.#grow(this.#held, missing);
  }

  /** A model below does the work. */
  handOver(): void {
    if (!this.#begun) return;
    this.#held?.release();
    this.#held = undefined;
    this.#below ??= nothing();
  }

  chargedBelow(amount: Spending): void {
    if (this.#below !== undefined) add(this.#below, amount);
  }

  close(): void {
    if (this.#begun) this.failed();
    this.#held?.release();
    this.#held = undefined;
  }

  #ask({ input, units }: { readonly input: number; readonly units: number }): Ask {
    const base = { tokens: input, cost: this.#cost(input, 0) };
    const unit = { tokens: 1, cost: this.#cost(0, 1) };
    // Without a price there is no telling beforehand: as long as anything is left, it may go on.
    return { base, unit, units, some: this.#price === undefined ? ["cost"] : [] };
  }

  #hold(request: ModelRequest, held: Held, wanted: number): ModelRequest {
    this.#held = held;
    return held.units < wanted ? { ...request, maxTokens: held.units } : request;
  }

  #grow(held: Held, missing: number): void {
    try {
      const more = this.#purse.take(this.#ask({ input: 0, units: Math.max(missing, MORE_TOKENS) }));
      if (more instanceof Promise) {
        this.#growing = true;
        more.then(
          (later) => this.#grown(held, later),
          (error: unknown) => this.#stop(held, error),
        );
      } else this.#grown(held, more);
    } catch (error) {
      this.#stop(held, error);
    }
  }

  #grown(held: Held, more: Held): void {
    this.#growing = false;
    held.merge(more);
    const missing = estimateTokens(this.#streamed) - held.units;
    if (missing > 0 && this.#held === held) this.#grow(held, missing);
  }

  #stop(held: Held, error: unknown): void {
    this.#growing = false;
    // The answer may have ended while the store was asked.
    if (this.#held === held) this.#purse.cross(error);
  }

  #settle(spent: Spending): void {
    const held = this.#held;
    const late = held === undefined && this.#below === undefined;
    const known = this.#below ?? this.#charged;
    const total = nothing();
    add(total, spent);
    this.#begun = false;
    this.#held = undefined;
    this.#below = undefined;
    this.#charged = total;
    // Handed over, or answered after its call was given up: then only what is not charged yet.
    const rest = beyond(total, known);
    if (held === undefined) this.#purse.charge(rest);
    else held.close(total);
    this.#purse.outerMeter?.chargedBelow(late ? rest : total);
  }

  #cost(input: number, output: number): number {
    if (this.#price === undefined) return 0;
    return (input * this.#price.input + output * this.#price.output) / MILLION;
  }
}

/** A number that can be one of tokens or dollars. */
function count(value: number | undefined): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** What of an amount goes beyond another. */
function beyond(amount: Amounts, known: Amounts): Amounts {
  const rest = nothing();
  for (const what of COUNTED) rest[what] = Math.max(0, amount[what] - known[what]);
  return rest;
}
