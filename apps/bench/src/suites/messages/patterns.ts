// 1e: publish to the 2 of 1000 wildcard patterns that match; a topic that was published before, and a new one each time.
import { createKernel } from "@mofa/kernel/host";
import { Gate, inBursts } from "../../burst.ts";
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import type { Moleculer } from "./peers.ts";

// `bench.7.anything` is meant by `bench.7.*` and `*.7.*`.
const PATTERNS = ["*.7.*", ...Array.from({ length: 999 }, (_, index) => `bench.${index}.*`)];
const KNOWN = "bench.7.created";
const KNOWN_ADDRESS = "topic:bench.7.created";
const MATCHES = 2;

export function patternCases(peers: Peers): readonly Case[] {
  // Everyone is given the topic as its users write it; ours is an address.
  const subjects = (topic: () => string, { address, limit }: { address: () => string; limit: () => Subject }) => [
    limit,
    () => mofa(address),
    () => withMqemitter(peers, topic),
    () => withEventemitter2(peers, topic),
    () => withEventemitter2Queues(peers, topic),
    () => withMoleculer(peers, topic),
  ];
  let count = 0;
  const known = () => KNOWN;
  const fresh = () => `bench.7.${count++}`;
  return [
    {
      name: "1e known topic, 2 of 1000 patterns",
      subjects: subjects(known, { address: () => KNOWN_ADDRESS, limit: () => cached(known) }),
    },
    {
      name: "1e new topic, 2 of 1000 patterns",
      subjects: subjects(fresh, { address: () => `topic:bench.7.${count++}`, limit: () => walked(fresh) }),
    },
  ];
}

function publishing(name: string, gate: Gate, publish: () => unknown, end?: () => void | Promise<void>): Subject {
  return {
    name,
    turn: (times) =>
      inBursts(times, { size: 100, perSend: MATCHES, gate }, (publications) => {
        for (let index = 0; index < publications; index++) publish();
      }),
    ...(end === undefined ? {} : { end }),
  };
}

/** The receivers of the topic are known. */
function cached(topic: () => string): Subject {
  const gate = new Gate();
  const receivers = new Map([[KNOWN, [() => gate.arrive(), () => gate.arrive()]]]);
  return publishing("limit", gate, () => {
    for (const receive of receivers.get(topic()) ?? []) receive();
  });
}

interface Branch {
  readonly words: Map<string, Branch>;
  readonly receivers: (() => void)[];
}

/** The receivers are found by going down the words. */
function walked(topic: () => string): Subject {
  const gate = new Gate();
  const branch = (): Branch => ({ words: new Map(), receivers: [] });
  const root = branch();
  for (const pattern of PATTERNS) {
    let node = root;
    for (const word of pattern.split(".")) {
      const next = node.words.get(word) ?? branch();
      node.words.set(word, next);
      node = next;
    }
    node.receivers.push(() => gate.arrive());
  }
  const visit = (node: Branch | undefined, words: readonly string[], index: number): void => {
    if (node === undefined) return;
    const word = words[index];
    if (word === undefined) {
      for (const receive of node.receivers) receive();
      return;
    }
    visit(node.words.get(word), words, index + 1);
    visit(node.words.get("*"), words, index + 1);
  };
  return publishing("limit", gate, () => visit(root, topic().split("."), 0));
}

async function mofa(address: () => string): Promise<Subject> {
  const gate = new Gate();
  const kernel = await createKernel({
    plugins: [
      {
        name: "bench",
        version: "1.0.0",
        setup(ctx) {
          for (const pattern of PATTERNS) ctx.receive(`topic:${pattern}`, () => gate.arrive());
        },
      },
    ],
  });
  const publish = () => kernel.send({ to: address(), type: "said", body: 1 });
  return publishing("mofa", gate, publish, () => kernel.end());
}

async function withMqemitter(peers: Peers, topic: () => string): Promise<Subject | undefined> {
  interface Emitter {
    on(topic: string, listener: (message: unknown, done: () => void) => void): void;
    emit(message: { readonly topic: string; readonly body: number }): void;
  }
  const peer = await peers.load<{ default(options: unknown): Emitter }>("mqemitter");
  if (peer === undefined) return undefined;
  const gate = new Gate();
  const emitter = peer.default({ separator: ".", wildcardOne: "*" });
  for (const pattern of PATTERNS) {
    emitter.on(pattern, (_, done) => {
      gate.arrive();
      done();
    });
  }
  return publishing("mqemitter", gate, () => emitter.emit({ topic: topic(), body: 1 }));
}

interface Emitter2 {
  on(type: string, listener: (message: unknown) => void): void;
  emit(type: string, body: unknown): void;
}

async function makeEmitter2(peers: Peers): Promise<Emitter2 | undefined> {
  const peer = await peers.load<{ default: { EventEmitter2: new (options: unknown) => Emitter2 } }>("eventemitter2");
  if (peer === undefined) return undefined;
  return new peer.default.EventEmitter2({ wildcard: true, delimiter: ".", maxListeners: 0 });
}

async function withEventemitter2(peers: Peers, topic: () => string): Promise<Subject | undefined> {
  const emitter = await makeEmitter2(peers);
  if (emitter === undefined) return undefined;
  const gate = new Gate();
  for (const pattern of PATTERNS) emitter.on(pattern, () => gate.arrive());
  return publishing("eventemitter2", gate, () => emitter.emit(topic(), 1));
}

/** Nearer to what we do: a dated envelope for all, and for each receiver a bounded queue, worked off one at a time. */
async function withEventemitter2Queues(peers: Peers, topic: () => string): Promise<Subject | undefined> {
  const emitter = await makeEmitter2(peers);
  if (emitter === undefined) return undefined;
  const gate = new Gate();
  for (const pattern of PATTERNS)
    emitter.on(
      pattern,
      queued(() => gate.arrive()),
    );
  let number = 0;
  const publish = () => {
    const to = topic();
    emitter.emit(to, { number: ++number, to, type: "said", body: 1, at: Date.now() });
  };
  return publishing("eventemitter2, queues", gate, publish);
}

function queued(receive: (message: unknown) => void): (message: unknown) => void {
  const waiting: unknown[] = [];
  let next = 0;
  const drain = () => {
    while (next < waiting.length) receive(waiting[next++]);
    waiting.length = 0;
    next = 0;
  };
  return (message) => {
    if (waiting.length === 1000) throw new RangeError("The queue is full.");
    if (waiting.push(message) === 1) queueMicrotask(drain);
  };
}

async function withMoleculer(peers: Peers, topic: () => string): Promise<Subject | undefined> {
  const peer = await peers.load<Moleculer>("moleculer");
  if (peer === undefined) return undefined;
  const gate = new Gate();
  const broker = new peer.ServiceBroker({ logger: false });
  broker.createService({
    name: "bench",
    events: Object.fromEntries(PATTERNS.map((pattern) => [pattern, () => gate.arrive()])),
  });
  await broker.start();
  return publishing(
    "moleculer",
    gate,
    () => broker.broadcastLocal(topic(), 1),
    () => broker.stop(),
  );
}
