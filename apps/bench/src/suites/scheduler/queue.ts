// 3a: tasks of four priorities in and out, where what waits long is served. MoFA's can be cancelled and taken out without
// a search, and tenants would take turns; the others can do neither.
import { type Queued, TaskQueue } from "@mofa/kernel/host";
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { FourRings, rankOf } from "./rings.ts";

interface Item {
  readonly rank: number;
  readonly age: number;
}

interface Queue<T> {
  push(item: T): void;
  take(): T | undefined;
}

const MANY = 1_000_000;
const DEPTH = 1000;

/** All in, then all out. */
export function manyCase(peers: Peers): Case {
  return { name: "3a 1M tasks in and out", each: MANY, subjects: subjects(peers, allInAllOut) };
}

/** One in and one out, a thousand waiting. */
export function steadyCase(peers: Peers): Case {
  return { name: "3a task in and out, 1000 waiting", subjects: subjects(peers, steady) };
}

type Drive = <T extends Item>(name: string, queue: Queue<T>, item: (index: number) => T) => Subject;

function allInAllOut<T extends Item>(name: string, queue: Queue<T>, item: (index: number) => T): Subject {
  return {
    name,
    turn(times) {
      for (let time = 0; time < times; time++) {
        for (let index = 0; index < MANY; index++) queue.push(item(index));
        for (let index = 0; index < MANY; index++) queue.take();
      }
    },
  };
}

function steady<T extends Item>(name: string, queue: Queue<T>, item: (index: number) => T): Subject {
  for (let index = 0; index < DEPTH; index++) queue.push(item(index));
  return {
    name,
    turn(times) {
      for (let index = 0; index < times; index++) {
        queue.push(item(index));
        queue.take();
      }
    },
  };
}

function subjects(peers: Peers, drive: Drive): Case["subjects"] {
  return [
    () => drive("limit", new FourRings<Item>(), plain),
    () => drive("mofa", new TaskQueue<Queued>(), queued),
    async () => wrapped(await fourDenques(peers), (queue) => drive("four denques", queue, plain)),
    async () => wrapped(await tiny(peers), (queue) => drive("tinyqueue", queue, plain)),
    async () => wrapped(await heap(peers), (queue) => drive("heap-js", queue, plain)),
  ];
}

function wrapped<T, Result>(value: T | undefined, use: (value: T) => Result): Result | undefined {
  return value === undefined ? undefined : use(value);
}

const plain = (index: number): Item => ({ rank: index & 3, age: index });
const queued = (index: number): Queued => ({ slot: -1, rank: index & 3, tenant: "", age: index });

/** In a heap, what waits long is served because a priority is worth only so many places. */
const before = (left: Item, right: Item) => left.rank * 10_000 + left.age - (right.rank * 10_000 + right.age);

async function fourDenques(peers: Peers): Promise<Queue<Item> | undefined> {
  interface Denque {
    readonly length: number;
    push(item: Item): void;
    shift(): Item | undefined;
  }
  const peer = await peers.load<{ default: new () => Denque }>("denque");
  if (peer === undefined) return undefined;
  const queues = [0, 1, 2, 3].map(() => new peer.default());
  let ready = 0;
  let takes = 0;
  return {
    push(item) {
      (queues[item.rank] as Denque).push(item);
      ready |= 1 << item.rank;
    },
    take() {
      if (ready === 0) return undefined;
      const rank = rankOf(ready, ++takes);
      const queue = queues[rank] as Denque;
      const item = queue.shift();
      if (queue.length === 0) ready &= ~(1 << rank);
      return item;
    },
  };
}

async function tiny(peers: Peers): Promise<Queue<Item> | undefined> {
  interface Tiny {
    push(item: Item): void;
    pop(): Item | undefined;
  }
  const peer = await peers.load<{ default: new (items: Item[], compare: typeof before) => Tiny }>("tinyqueue");
  if (peer === undefined) return undefined;
  const queue = new peer.default([], before);
  return { push: (item) => queue.push(item), take: () => queue.pop() };
}

async function heap(peers: Peers): Promise<Queue<Item> | undefined> {
  interface Heap {
    push(item: Item): unknown;
    pop(): Item | undefined;
  }
  const peer = await peers.load<{ Heap: new (compare: typeof before) => Heap }>("heap-js");
  if (peer === undefined) return undefined;
  const queue = new peer.Heap(before);
  return { push: (item) => void queue.push(item), take: () => queue.pop() };
}
