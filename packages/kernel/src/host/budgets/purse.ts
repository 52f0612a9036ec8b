// What bounds one call: the accounts over it, and the room it holds in them.
//
// 1. It ends with its call. What it still holds then is settled, so nothing stays promised to work that is over.
// 2. Room is taken in all accounts over the call or in none.
// 3. Once a limit is crossed, the error that says so is what the call ends with, whatever its action makes of it.
import type { Reservation, Spending } from "../../budget.ts";
import type { Exceeded } from "../../budget-sentence.ts";
import type { LiveCall, Purse } from "../calls/live-call.ts";
import type { Account, Timed } from "./budget-account.ts";
import { checkAmount } from "./budget-check.ts";
import type { ModelMeter } from "./model-meter.ts";
import { type Amounts, type Ask, add, amountOf, concerns, type Grant, nothing } from "./spending.ts";

/** An account over a call, and how far up the outermost call stands that it covers. */
export interface Cover {
  readonly account: Account;
  readonly from: number;
  /** Whether it was put over one call, by whoever invoked it. */
  readonly own: boolean;
}

/** What there is no room for. */
export interface Lacking {
  readonly what: Exceeded["what"];
  readonly wanted: number;
}

export interface PurseHost {
  /** Makes the error, and tells about it. */
  exceeded(call: LiveCall, account: Account, lacking: Lacking): unknown;
  /** Hears that no outermost call is under an account any more. */
  left(account: Account): void;
}

/** Where a purse stands. */
export interface PursePlace {
  readonly above: CallPurse | undefined;
  /** Those that are not kept in a store first. */
  readonly covers: readonly Cover[];
  /** The nearest agent; "" outside of any. */
  readonly agent: string;
  /** Which set of budgets it was made from. */
  readonly version: number;
}

const NO_ACCOUNTS: readonly Account[] = [];

export class CallPurse implements Purse, Timed {
  readonly call: LiveCall;
  readonly place: PursePlace;
  readonly level: number;
  /** Measures what a model uses; undefined for everything else. */
  meter: ModelMeter | undefined = undefined;
  /** The meter of the nearest model call above. */
  readonly outerMeter: ModelMeter | undefined;
  /** Why it was stopped. */
  crossed: unknown = undefined;
  open = true;
  readonly #host: PurseHost;
  /** What is held beside the room of a model; made when there is some. */
  #held: Set<Held> | undefined = undefined;

  constructor(host: PurseHost, call: LiveCall, place: PursePlace) {
    this.#host = host;
    this.call = call;
    this.place = place;
    this.level = (place.above?.level ?? 0) + 1;
    this.outerMeter = place.above?.meter ?? place.above?.outerMeter;
    for (const { account, from } of place.covers) if (from === this.level) account.holders++;
  }

  /** The accounts that count the time of this call. */
  get timed(): readonly Account[] {
    const counting = ({ account, from }: Cover) => from === this.level && account.budget.limits.ms !== undefined;
    const { covers } = this.place;
    return covers.some(counting) ? covers.filter(counting).map(({ account }) => account) : NO_ACCOUNTS;
  }

  /** Counts one call, the short way; false where a store has to be asked first. */
  countCall(): boolean {
    const { covers } = this.place;
    for (const { account } of covers) {
      if (account.callsLeft >= 1) continue;
      // Those kept in a store come last, so the others had their say.
      if (account.keeping === undefined) throw this.exceeded(account, { what: "calls", wanted: 1 });
    }
    if (covers.some(({ account: { keeping, budget } }) => keeping !== undefined && budget.limits.calls !== undefined))
      return false;
    for (const { account } of covers) account.countCall();
    return true;
  }

  /** Whether anything over this call bounds what models use. */
  get metered(): boolean {
    return this.place.covers.some(({ account: { budget } }) => {
      const { tokens, cost } = budget.limits;
      return tokens !== undefined || cost !== undefined;
    });
  }

  /** Takes room in every account that the ask concerns, or throws for the first that has none. */
  take(ask: Ask): Held | Promise<Held> {
    const accounts = this.place.covers
      .map(({ account }) => account)
      .filter(({ budget }) => concerns(budget.limits, ask));
    const taking = new Taking(this, ask);
    for (const [index, account] of accounts.entries()) {
      const grant = account.take({ ...ask, units: taking.units });
      // Those kept in a store come last, and answer later.
      if (grant instanceof Promise) return this.#takeLater(taking, grant, accounts.slice(index));
      taking.add(account, grant);
    }
    return taking.done();
  }

  /** Keeps what must be settled at the latest when the call ends. */
  hold(held: Held): Held {
    this.#held ??= new Set();
    if (this.open) this.#held.add(held);
    return held;
  }

  drop(held: Held): void {
    this.#held?.delete(held);
  }

  /** Counts what nobody had reserved. */
  charge(amount: Spending): void {
    for (const { account } of this.place.covers) account.settle({}, amount);
  }

  streamed(text: string): void {
    this.meter?.streamed(text);
  }

  ended(call: LiveCall): void {
    // A call that has no purse of its own has the one of its parent.
    if (call === this.call) this.close();
  }

  timeUp(account: Account): void {
    this.cross(this.exceeded(account, { what: "ms", wanted: 0 }));
  }

  exceeded(account: Account, lacking: Lacking): unknown {
    return this.#host.exceeded(this.call, account, lacking);
  }

  /** Stops the call. */
  cross(error: unknown): void {
    this.crossed ??= error;
    this.call.cancel(error);
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    this.meter?.close();
    for (const held of [...(this.#held ?? [])]) held.close(held.amount);
    for (const { account, from } of this.place.covers) {
      if (from !== this.level) continue;
      account.stop(this);
      if (--account.holders === 0) this.#host.left(account);
    }
  }

  async #takeLater(taking: Taking, first: Promise<Grant>, accounts: readonly Account[]): Promise<Held> {
    try {
      for (const [index, account] of accounts.entries()) {
        const grant = index === 0 ? first : account.take({ ...taking.ask, units: taking.units });
        taking.add(account, await grant);
      }
    } catch (error) {
      taking.undo();
      throw error;
    }
    const held = taking.done();
    const { reason } = this.call;
    // Its call may have been cancelled, and even have ended, while the store was asked.
    if (!this.open || reason !== undefined) held.release();
    if (reason !== undefined) throw reason;
    return held;
  }
}

/** Takes from one account after another. */
class Taking {
  units: number;
  readonly ask: Ask;
  readonly #purse: CallPurse;
  readonly #taken: { readonly account: Account; readonly units: number }[] = [];

  constructor(purse: CallPurse, ask: Ask) {
    this.#purse = purse;
    this.ask = ask;
    this.units = ask.units;
  }

  add(account: Account, grant: Grant): void {
    if (typeof grant !== "number") {
      this.undo();
      throw this.#purse.exceeded(account, grant);
    }
    this.#taken.push({ account, units: grant });
    this.units = grant;
  }

  undo(): void {
    for (const { account, units } of this.#taken.splice(0)) account.settle(amountOf(this.ask, units), {});
  }

  /** The least that anyone granted is what all of them keep. */
  done(): Held {
    const amount = amountOf(this.ask, this.units);
    const accounts = this.#taken.map(({ account, units }) => {
      const over = nothing();
      add(over, this.ask.unit, units - this.units);
      if (units > this.units) account.settle(over, {});
      return account;
    });
    return new Held(this.#purse, { accounts, amount, units: this.units });
  }
}

/** Room that is held in some accounts. */
export class Held implements Reservation {
  readonly amount: Amounts;
  /** How many units were granted. */
  units: number;
  readonly #purse: CallPurse;
  readonly #accounts: readonly Account[];
  #open = true;

  constructor(
    purse: CallPurse,
    given: { readonly accounts: readonly Account[]; readonly amount: Amounts; readonly units: number },
  ) {
    this.#purse = purse;
    this.#accounts = given.accounts;
    this.amount = given.amount;
    this.units = given.units;
  }

  /** Takes in what another holds in the same accounts. */
  merge(other: Held): void {
    other.#open = false;
    if (!this.#open) {
      for (const account of other.#accounts) account.settle(other.amount, {});
      return;
    }
    add(this.amount, other.amount);
    this.units += other.units;
  }

  settle(spent: Spending): boolean {
    return this.close(checkAmount(spent));
  }

  /** Settles it by an amount that is known to be one. */
  close(spent: Spending): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#purse.drop(this);
    for (const account of this.#accounts) account.settle(this.amount, spent);
    return true;
  }

  release(): boolean {
    return this.close({});
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
