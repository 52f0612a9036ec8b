// 1d: one says it, many hear it. Watchers of the event stream hear it at once; receivers of a topic when their turn comes.
import { createEventStream } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { Gate, inBursts } from "../../burst.ts";
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { emitters } from "./emitters.ts";
import { EVENT } from "./event.ts";
import { makeListeners } from "./listeners.ts";
import { loadEffect } from "./peers.ts";

export function watcherCase(peers: Peers, count: number): Case {
  const watchers = makeListeners(count);
  const limit = (): Subject => ({
    name: "limit",
    turn(times) {
      for (let index = 0; index < times; index++) {
        for (let at = 0; at < watchers.length; at++) watchers[at]?.(EVENT);
      }
    },
  });
  const mofa = (): Subject => {
    const stream = createEventStream(() => {});
    for (const watcher of watchers) stream.watch({ type: EVENT.type }, watcher);
    return {
      name: "mofa",
      turn(times) {
        for (let index = 0; index < times; index++) stream.tell(EVENT);
      },
    };
  };
  const subjects = [limit, mofa, ...emitters(peers, EVENT, watchers)];
  return { name: `1d event to ${count} watchers, a delivery`, each: count, subjects };
}

export function topicCase(peers: Peers, count: number): Case {
  const size = count < 1000 ? 100 : 10;
  const publishing = (name: string, gate: Gate, publish: () => unknown, end?: () => void | Promise<void>): Subject => ({
    name,
    turn: (times) =>
      inBursts(times, { size, perSend: count, gate }, (publications) => {
        for (let index = 0; index < publications; index++) publish();
      }),
    ...(end === undefined ? {} : { end }),
  });

  /** A ring for each receiver, all drained by one microtask. */
  const limit = (): Subject => {
    const gate = new Gate();
    const rings = Array.from({ length: count }, () => [] as unknown[]);
    let scheduled = false;
    const drain = () => {
      scheduled = false;
      for (const ring of rings) {
        for (let at = 0; at < ring.length; at++) if (ring[at] !== undefined) gate.arrive();
        ring.length = 0;
      }
    };
    return publishing("limit", gate, () => {
      const message = { to: "topic:news", type: "said", body: 1 };
      for (let at = 0; at < rings.length; at++) rings[at]?.push(message);
      if (scheduled) return;
      scheduled = true;
      queueMicrotask(drain);
    });
  };
  const mofa = async (): Promise<Subject> => {
    const gate = new Gate();
    const kernel = await createKernel({
      plugins: Array.from({ length: count }, (_, index) => ({
        name: `bench-${index}`,
        version: "1.0.0",
        setup: (ctx) => ctx.receive("topic:news", () => gate.arrive()),
      })),
    });
    return publishing(
      "mofa",
      gate,
      () => kernel.send({ to: "topic:news", type: "said", body: 1 }),
      () => kernel.end(),
    );
  };
  const subjects = [limit, mofa, () => withEmittery(peers), () => withEffect(peers)];

  async function withEmittery(from: Peers): Promise<Subject | undefined> {
    interface Emitter {
      on(type: string, listener: () => void): void;
      emit(type: string, body: unknown): Promise<void>;
    }
    const peer = await from.load<{ default: new () => Emitter }>("emittery");
    if (peer === undefined) return undefined;
    const gate = new Gate();
    const emitter = new peer.default();
    for (let index = 0; index < count; index++) emitter.on("news", () => gate.arrive());
    return publishing("emittery", gate, () => emitter.emit("news", 1));
  }

  async function withEffect(from: Peers): Promise<Subject | undefined> {
    const peer = await loadEffect(from);
    if (peer === undefined) return undefined;
    const { Effect, PubSub } = peer;
    const gate = new Gate();
    const pubsub = Effect.runSync(PubSub.bounded(1024));
    const listen = Effect.flatMap(PubSub.subscribe(pubsub), (subscription) =>
      Effect.forever(Effect.map(PubSub.take(subscription), () => gate.arrive())),
    );
    const fibers = Array.from({ length: count }, () => Effect.runFork(Effect.scoped(listen)));
    return publishing(
      "effect",
      gate,
      () => PubSub.publishUnsafe(pubsub, 1),
      () => {
        for (const fiber of fibers) fiber.interruptUnsafe();
      },
    );
  }
  return { name: `1d topic to ${count} receivers, a delivery`, each: count, subjects };
}
