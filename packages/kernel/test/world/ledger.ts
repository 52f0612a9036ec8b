// Books about every message: what its sender was told, and what events and receivers say became of it.
//
// 1. Each message has a type of its own, by which events are put to it.
// 2. What was told ends once at each receiver that it was offered to, handled or a dead letter, and once more for each replay.
// 3. Whom it is offered to is known beforehand, from the shelf, wherever agents alone can be meant.
import type { Event } from "../../src/event.ts";
import type { Delivery, Draft } from "../../src/message.ts";

interface Entry {
  readonly to: string;
  readonly asked: boolean;
  /** How many receivers it has; undefined where the shelf does not tell. */
  readonly expected: number | undefined;
  delivery?: Delivery;
  refused?: unknown;
  handled: number;
  failed: number;
  readonly received: Map<string, number>;
  readonly dead: Map<string, number>;
  readonly replays: Map<string, number>;
}

const add = (map: Map<string, number>, key: string, by = 1) => void map.set(key, (map.get(key) ?? 0) + by);
const sum = (map: ReadonlyMap<string, number>) => [...map.values()].reduce((all, one) => all + one, 0);

export class Ledger {
  readonly problems: string[] = [];
  /** How many messages became dead letters, by the events. */
  dead = 0;
  readonly #entries = new Map<string, Entry>();
  readonly #most: number;

  /** `most` is how often an agent may be given one message. */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  count(what: (entry: Readonly<Entry>) => boolean): number {
    return [...this.#entries.values()].filter(what).length;
  }

  open({ type, to }: Draft, asked: boolean, expected: number | undefined): void {
    const none = () => new Map<string, number>();
    const entry = { to, asked, expected, handled: 0, failed: 0, received: none(), dead: none(), replays: none() };
    this.#entries.set(type, entry);
  }

  delivered(type: string, delivery: Delivery): void {
    this.#entry(type).delivery = delivery;
  }

  refused(type: string, error: unknown): void {
    this.#entry(type).refused = error ?? "nothing";
  }

  /** How often a message was delivered again by hand. */
  replays(type: string): number {
    return sum(this.#entries.get(type)?.replays ?? new Map());
  }

  replayed(type: string, to: string): void {
    add(this.#entry(type).replays, to);
  }

  readonly hear = (event: Event): void => {
    switch (event.type) {
      case "message.received":
        add(this.#entry(event.name).received, event.to);
        break;
      case "message.handled":
        this.#entry(event.name).handled++;
        this.#checkNow(event.name);
        break;
      case "message.failed":
        this.#entry(event.name).failed++;
        break;
      case "message.dead":
        this.dead++;
        add(this.#entry(event.name).dead, event.to);
        this.#checkNow(event.name);
    }
  };

  /** What is wrong when nothing is in work any more. */
  settle(): void {
    for (const [type, entry] of this.#entries) {
      if (entry.asked) this.#settleAsked(type, entry);
      else this.#settleTold(type, entry);
    }
  }

  #checkNow(type: string): void {
    const { asked, expected, handled, dead, replays } = this.#entry(type);
    const ends = handled + sum(dead);
    if (asked && sum(dead) > 0) this.#say(type, "was asked, and is a dead letter");
    if (!asked && expected !== undefined && ends > expected + sum(replays)) this.#say(type, `ended ${ends} times`);
  }

  #settleTold(type: string, entry: Entry): void {
    const { delivery, refused, expected, handled, dead, received, replays } = entry;
    const ends = handled + sum(dead);
    if (refused !== undefined) {
      if (ends > 0 || (expected ?? 0) > 0) this.#say(type, `was refused, ended ${ends} times`);
      return;
    }
    if (delivery === undefined) {
      this.#say(type, "never said what became of it");
      return;
    }
    const { receivers, reason, status } = delivery;
    const offered = expected ?? (reason === undefined ? receivers : Math.max(ends - sum(replays), receivers + 1));
    if (ends !== offered + sum(replays)) this.#say(type, `ended ${ends} times`);
    if (receivers > offered) this.#say(type, `was taken by ${receivers} of ${offered}`);
    if ((status === "rejected") !== (receivers === 0 && offered > 0)) this.#say(type, `is said to be ${status}`);
    if (sum(dead) < offered - receivers) this.#say(type, "was not taken and is no dead letter");
    for (const [to, times] of received)
      if (times > (to.startsWith("agent:") ? this.#most : 1) * (1 + sum(replays)))
        this.#say(type, `was given to ${to} ${times} times`);
    for (const [to, times] of dead) if (times > 1 + sum(replays)) this.#say(type, `died ${times} times at ${to}`);
  }

  #settleAsked(type: string, { dead, handled, received }: Entry): void {
    if (sum(dead) > 0) this.#say(type, "was asked, and is a dead letter");
    if (handled > 1 || sum(received) > this.#most) this.#say(type, `was handled ${handled} times`);
  }

  #entry(type: string): Entry {
    const entry = this.#entries.get(type);
    if (entry !== undefined) return entry;
    this.problems.push(`nobody sent ${type}`);
    this.open({ type, to: "?" }, false, undefined);
    return this.#entry(type);
  }

  #say(type: string, what: string): void {
    this.problems.push(`${type} ${what}: ${JSON.stringify(this.#entry(type), plain)}`);
  }
}

function plain(_: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
