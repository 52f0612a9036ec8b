// 1b: a message to one who takes it when its turn comes. Bursts of 1000, each handled before the next.
import type { Message } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { Gate, inBursts } from "../../burst.ts";
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { type Effects, loadEffect, type Moleculer, type Nact } from "./peers.ts";

const BURST = 1000;

export function tellCase(peers: Peers): Case {
  const subjects = [
    limit,
    mofa,
    () => withEmittery(peers),
    () => withNact(peers),
    () => withEffect(peers),
    () => withMoleculer(peers),
  ];
  return { name: "1b tell through a bounded mailbox", subjects };
}

/** Sends in bursts and waits for the handler. */
function burst(name: string, gate: Gate, send: (body: number) => unknown, end?: () => void | Promise<void>): Subject {
  return {
    name,
    turn: (times) =>
      inBursts(times, { size: BURST, gate }, (count) => {
        for (let index = 0; index < count; index++) send(index);
      }),
    ...(end === undefined ? {} : { end }),
  };
}

/** A ring, drained by one microtask. */
function limit(): Subject {
  const gate = new Gate();
  const ring: ({ readonly type: string; readonly body: number } | undefined)[] = new Array(1024).fill(undefined);
  let head = 0;
  let size = 0;
  const handle = (message: { readonly body: number } | undefined) => {
    if (message !== undefined && message.body >= 0) gate.arrive();
  };
  const drain = () => {
    while (size > 0) {
      const message = ring[head];
      ring[head] = undefined;
      head = (head + 1) & 1023;
      size--;
      handle(message);
    }
  };
  return burst("limit", gate, (body) => {
    if (size === 1024) return;
    if (size === 0) queueMicrotask(drain);
    ring[(head + size++) & 1023] = { type: "tell", body };
  });
}

async function mofa(): Promise<Subject> {
  const gate = new Gate();
  const handle = (message: Message) => {
    if ((message.body as number) >= 0) gate.arrive();
  };
  const kernel = await createKernel({
    plugins: [{ name: "bench", version: "1.0.0", setup: (ctx) => ctx.receive("agent:ann", handle) }],
  });
  return burst(
    "mofa",
    gate,
    (body) => kernel.send({ to: "agent:ann", type: "tell", body }),
    () => kernel.end(),
  );
}

async function withEmittery(peers: Peers): Promise<Subject | undefined> {
  interface Emitter {
    on(type: string, listener: () => void): void;
    emit(type: string, body: unknown): Promise<void>;
  }
  const peer = await peers.load<{ default: new () => Emitter }>("emittery");
  if (peer === undefined) return undefined;
  const gate = new Gate();
  const emitter = new peer.default();
  emitter.on("tell", () => gate.arrive());
  return burst("emittery", gate, (body) => emitter.emit("tell", body));
}

async function withNact(peers: Peers): Promise<Subject | undefined> {
  const peer = await peers.load<Nact>("nact");
  if (peer === undefined) return undefined;
  const gate = new Gate();
  const system = peer.start();
  const actor = peer.spawn(system, () => gate.arrive(), "ann");
  return burst(
    "nact",
    gate,
    (body) => peer.dispatch(actor, { body }),
    () => peer.stop(system),
  );
}

async function withEffect(peers: Peers): Promise<Subject | undefined> {
  const peer: Effects | undefined = await loadEffect(peers);
  if (peer === undefined) return undefined;
  const { Effect, Queue } = peer;
  const gate = new Gate();
  const queue = Effect.runSync(Queue.bounded(1024));
  const fiber = Effect.runFork(Effect.forever(Effect.map(Queue.take(queue), () => gate.arrive())));
  return burst(
    "effect",
    gate,
    (body) => Queue.offerUnsafe(queue, body),
    () => fiber.interruptUnsafe(),
  );
}

async function withMoleculer(peers: Peers): Promise<Subject | undefined> {
  const peer = await peers.load<Moleculer>("moleculer");
  if (peer === undefined) return undefined;
  const gate = new Gate();
  const broker = new peer.ServiceBroker({ logger: false });
  broker.createService({ name: "bench", events: { "bench.tell": () => gate.arrive() } });
  await broker.start();
  return burst(
    "moleculer",
    gate,
    (body) => broker.emit("bench.tell", { body }),
    () => broker.stop(),
  );
}
