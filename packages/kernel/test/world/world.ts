// A kernel in which everything happens by chance, and the books that are kept about it.
//
// 1. Chance decides what is done, how work goes on, and in which order what waits is let on; time stands still in between.
// 2. Once calm, work ends by itself: nothing is begun, nothing fails, no gate is closed.
// 3. Everything begun has a label and is settled at the end; whatever is not as it must be is a problem.
import { isMofaError } from "../../src/error.ts";
import { fail } from "../../src/errors.ts";
import type { Event } from "../../src/event.ts";
import { createKernel, inMemory, type Kernel } from "../../src/host/index.ts";
import type { Agent } from "../../src/kinds/agent.ts";
import type { Delivery, Draft } from "../../src/message.ts";
import { PRIORITIES } from "../../src/message.ts";
import { countedIds, type FakeClock, fakeClock } from "../../src/testing/index.ts";
import { type Dice, toDice } from "./dice.ts";
import { Gates } from "./gates.ts";
import { Ledger } from "./ledger.ts";
import { Lives } from "./lives.ts";

/** How often a message that was in work may be given to an agent again. */
export const REDELIVER = 2;
export const NAMES = ["a0", "a1", "a2", "a3", "a4", "a5"] as const;
export const ROLES = ["r0", "r1"] as const;
export const TENANTS = ["t0", "t1"] as const;

/** A piece of work that was begun from outside or by an agent. */
interface Begun {
  readonly key: string;
  ran: number;
  settled: number;
  value?: unknown;
  error?: unknown;
  /** How often it may run. */
  readonly most: number;
}

export class World {
  readonly dice: Dice;
  readonly gates = new Gates();
  readonly ledger = new Ledger(1 + REDELIVER);
  readonly lives = new Lives();
  readonly clock: FakeClock;
  readonly kernel: Kernel;
  readonly problems: string[] = [];
  /** How much agents may still begin of their own. */
  fuel = 80;
  calm = false;
  ended = false;
  /** Things that plugins opened and that were not ended. */
  held = 0;
  /** Calls that got past the budgets, by whom they count for. */
  readonly counted = new Map<string, number>();
  readonly codes = new Set<string>();
  readonly #begun = new Map<string, Begun>();
  readonly #pending = new Map<string, number>();
  readonly #stops: AbortController[] = [];
  #count = 0;

  constructor(kernel: Kernel, clock: FakeClock, dice: Dice) {
    this.kernel = kernel;
    this.clock = clock;
    this.dice = dice;
  }

  /** A key that nothing else has. */
  key(prefix: string): string {
    return `${prefix}${++this.#count}`;
  }

  get keys(): number {
    return this.#count;
  }

  /** What is begun and not settled. */
  get pending(): readonly string[] {
    return [...this.#pending.keys()];
  }

  /** Cancels something of what can be cancelled. */
  cancelOne(): void {
    this.#stops.splice(this.dice.number(this.#stops.length), 1)[0]?.abort(fail("kernel.closed", {}));
  }

  /** Notes a promise: how it ends does not matter, that it does. */
  follow(label: string, work: Promise<unknown> | undefined): void {
    this.#pending.set(label, (this.#pending.get(label) ?? 0) + 1);
    const over = () => {
      const left = (this.#pending.get(label) ?? 0) - 1;
      if (left > 0) this.#pending.set(label, left);
      else this.#pending.delete(label);
    };
    Promise.resolve(work).then(over, (error: unknown) => {
      over();
      if (isMofaError(error)) this.codes.add(error.code);
      else if (!(error instanceof Error && error.message.startsWith("bad luck")))
        this.problems.push(`${label} failed by ${String(error)}`);
    });
  }

  /** Notes work that gives back its key if it is done. */
  begin(key: string, most: number, start: () => Promise<unknown>): Promise<unknown> {
    const begun: Begun = { key, most, ran: 0, settled: 0 };
    this.#begun.set(key, begun);
    const work = start();
    work.then(
      (value) => {
        begun.settled++;
        begun.value = value;
      },
      (error: unknown) => {
        begun.settled++;
        begun.error = error;
      },
    );
    this.follow(key, work);
    return work;
  }

  /** Hears that an agent begins a turn: one that is paused does not. */
  begins(agent: Agent, key: string): void {
    const [one, other] = this.kernel.agents().filter(({ name }) => name === agent.name);
    const only = other === undefined && this.kernel.find("agent", agent.name) === agent;
    if (only && one !== undefined && one.status !== "busy")
      this.problems.push(`${agent.name} is ${one.status} and took ${key}`);
  }

  /** Hears that somebody does what was begun or said under that key. */
  ran(key: string): void {
    const begun = this.#begun.get(key);
    if (begun !== undefined) begun.ran++;
  }

  options(): { tenant?: string; timeout?: number; signal?: AbortSignal } {
    const { dice } = this;
    const stop = dice.chance(0.2) ? new AbortController() : undefined;
    if (stop !== undefined) this.#stops.push(stop);
    return {
      ...(dice.chance(0.5) ? { tenant: dice.one(TENANTS) } : {}),
      ...(dice.chance(0.3) ? { timeout: dice.one([dice.number(60), 60_000]) } : {}),
      ...(stop === undefined ? {} : { signal: stop.signal }),
    };
  }

  draft(asked: boolean): Draft {
    const { dice } = this;
    const wide = asked ? [] : ["*", "topic:x.one", "topic:x.two", "role:r0", "role:r1"];
    const there = this.kernel.list("agent").map(({ name }) => name);
    const names = there.length === 0 || dice.chance(0.2) ? NAMES : there;
    const to = dice.one([...names.map((name) => `agent:${name}`), "role:r0?one", "role:r1?one", ...wide]);
    const key = this.key("m");
    return { to, type: key, body: { key }, priority: dice.one(PRIORITIES) };
  }

  /** Tells somebody something, and opens its entry in the books. */
  tell(send: (draft: Draft) => Delivery | Promise<Delivery>, from: string | undefined): void {
    const draft = this.draft(false);
    const { type } = draft;
    this.ledger.open(draft, false, this.#receivers(draft, from));
    this.#waits(draft);
    const done = (delivery: Delivery) => {
      if (delivery.status === "rejected") this.#low(draft)?.low.delete(type);
      this.ledger.delivered(type, delivery);
    };
    try {
      const delivery = send(draft);
      if (delivery instanceof Promise) {
        // It waits outside: of those in the mailbox, none has to wait for it.
        this.#low(draft)?.low.delete(type);
        this.follow(`send ${type}`, delivery.then(done));
      } else done(delivery);
    } catch (error) {
      this.#low(draft)?.low.delete(type);
      this.ledger.refused(type, error);
    }
  }

  /** Asks somebody something. */
  ask(request: (draft: Draft) => Promise<unknown>): Promise<unknown> {
    const draft = this.draft(true);
    this.ledger.open(draft, true, undefined);
    if (draft.priority === "low") this.lives.isLow(draft.type);
    return this.begin(draft.type, 1 + REDELIVER, () => request(draft));
  }

  /** Lets promises settle without moving time. */
  async breathe(turns = 30): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
  }

  /** Whether work goes wrong here. */
  mishap(of: number): boolean {
    return !this.calm && this.dice.chance(of);
  }

  /** What is wrong right now. */
  check(): void {
    for (const { name, queued, active } of this.kernel.agents())
      if (queued < 0 || active < 0) this.problems.push(`${name} has ${queued} waiting and ${active} in work`);
    for (const { name, of, limits, spent, reserved } of this.kernel.budgets.list()) {
      const used = spent.calls + reserved.calls;
      const counted = this.counted.get(name === "meter" ? "" : of) ?? 0;
      if (used > (limits.calls ?? 0)) this.problems.push(`the budget ${name}/${of} let ${used} calls pass`);
      if (name !== "days" && used !== counted)
        this.problems.push(`the budget ${name}/${of} counted ${used} calls of ${counted}`);
    }
  }

  /** What is wrong when all is over. */
  settle(): void {
    for (const { key, ran, settled, most, value, error } of this.#begun.values()) {
      if (settled !== 1) this.problems.push(`${key} was settled ${settled} times`);
      if (ran > most) this.problems.push(`${key} ran ${ran} times`);
      if (error === undefined && (value !== key || ran === 0)) this.problems.push(`${key} gave ${String(value)}`);
    }
    this.ledger.settle();
    this.lives.settle();
    const { deadLetters } = this.kernel;
    if (deadLetters.count !== this.ledger.dead)
      this.problems.push(`${deadLetters.count} dead letters, and ${this.ledger.dead} were told of`);
    this.problems.push(...this.ledger.problems, ...this.lives.problems);
  }

  /** Whom a message is for, by the shelf of agents; undefined where that does not tell. */
  #receivers({ to }: Draft, from: string | undefined): number | undefined {
    if (this.ended || to.startsWith("topic:")) return undefined;
    const agents = this.kernel.list("agent");
    if (to === "*") return agents.filter(({ name }) => name !== from).length;
    if (to.startsWith("agent:")) return agents.filter(({ name }) => name === to.slice(6)).length;
    const one = to.endsWith("?one");
    const role = to.slice(5, one ? -4 : undefined);
    const held = agents.filter(({ roles }) => roles?.includes(role) === true).length;
    return one ? Math.min(1, held) : held;
  }

  #waits(draft: Draft): void {
    if (draft.priority !== "low") return;
    this.lives.isLow(draft.type);
    this.#low(draft)?.low.add(draft.type);
  }

  /** Who would have that message waiting, where it is for one agent. */
  #low({ to }: Draft) {
    const agent = to.startsWith("agent:") ? this.kernel.find("agent", to.slice(6)) : undefined;
    return agent === undefined ? undefined : this.lives.of(agent);
  }
}

/** Opens a world in which nothing has happened yet. */
export async function openWorld(seed: number): Promise<World> {
  const dice = toDice(seed);
  const clock = fakeClock();
  const kernel = await createKernel({
    clock,
    ids: countedIds(seed),
    plugins: [inMemory()],
    ...(dice.chance(0.3) ? { quarantine: false } : { quarantine: { faults: 3, actions: dice.chance(0.5) } }),
    budgets: [
      { name: "meter", scope: "kernel", limits: { calls: dice.chance(0.3) ? 40 + dice.number(200) : 1e6 } },
      { name: "tenants", scope: "tenant", limits: { calls: 5 + dice.number(100) } },
    ],
  });
  const world = new World(kernel, clock, dice);
  kernel.wrap(
    (step, next) => {
      const { tenant } = step.call;
      for (const whose of tenant === "" ? [""] : ["", tenant])
        world.counted.set(whose, (world.counted.get(whose) ?? 0) + 1);
      return next(step);
    },
    { place: "cache" },
  );
  kernel.watch({}, (event: Event) => {
    Object.freeze(event);
    world.ledger.hear(event);
    world.lives.hear(event);
  });
  return world;
}
