// 1c: a question to one who answers, one in flight.
import { createKernel } from "@mofa/kernel/host";
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { loadEffect, type Moleculer, type Nact } from "./peers.ts";

export function askCase(peers: Peers): Case {
  const subjects = [
    limit,
    mofa,
    () => withMoleculer(peers),
    () => withXstate(peers),
    () => withNact(peers),
    () => withEffect(peers),
  ];
  return { name: "1c ask", subjects };
}

function asking(name: string, ask: (body: number) => Promise<unknown>, end?: () => void | Promise<void>): Subject {
  return {
    name,
    async turn(times) {
      for (let index = 0; index < times; index++) await ask(index);
    },
    ...(end === undefined ? {} : { end }),
  };
}

function limit(): Subject {
  const answer = async (body: number) => body + 1;
  return asking("limit", answer);
}

async function mofa(): Promise<Subject> {
  const kernel = await createKernel({
    plugins: [
      {
        name: "bench",
        version: "1.0.0",
        setup: (ctx) => ctx.receive("agent:ann", (message) => (message.body as number) + 1),
      },
    ],
  });
  return asking(
    "mofa",
    (body) => kernel.request({ to: "agent:ann", type: "ask", body }),
    () => kernel.end(),
  );
}

async function withMoleculer(peers: Peers): Promise<Subject | undefined> {
  const peer = await peers.load<Moleculer>("moleculer");
  if (peer === undefined) return undefined;
  const broker = new peer.ServiceBroker({ logger: false });
  const ask = (context: { readonly params: { readonly body: number } }) => context.params.body + 1;
  broker.createService({ name: "bench", actions: { ask } });
  await broker.start();
  return asking(
    "moleculer",
    (body) => broker.call("bench.ask", { body }),
    () => broker.stop(),
  );
}

async function withXstate(peers: Peers): Promise<Subject | undefined> {
  interface Xstate {
    fromPromise(work: (options: { readonly input: number }) => Promise<number>): unknown;
    createActor(logic: unknown, options: { readonly input: number }): { start(): unknown };
    toPromise(actor: unknown): Promise<unknown>;
  }
  const peer = await peers.load<Xstate>("xstate");
  if (peer === undefined) return undefined;
  const logic = peer.fromPromise(async ({ input }) => input + 1);
  return asking("xstate", (input) => peer.toPromise(peer.createActor(logic, { input }).start()));
}

async function withNact(peers: Peers): Promise<Subject | undefined> {
  const peer = await peers.load<Nact>("nact");
  if (peer === undefined) return undefined;
  const system = peer.start();
  const actor = peer.spawn(system, (_, { sender, body }) => peer.dispatch(sender, body + 1), "ann");
  const ask = (body: number) => peer.query(actor, (sender) => ({ sender, body }), 1000);
  return asking("nact", ask, () => peer.stop(system));
}

async function withEffect(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadEffect(peers);
  if (peer === undefined) return undefined;
  const { Effect, Queue, Deferred } = peer;
  type Opaque = ReturnType<typeof Deferred.makeUnsafe>;
  const queue = Effect.runSync(Queue.bounded(16));
  const answer = ({ body, reply }: { readonly body: number; readonly reply: Opaque }) =>
    Deferred.succeed(reply, body + 1);
  const fiber = Effect.runFork(Effect.forever(Effect.flatMap(Queue.take(queue), answer)));
  const ask = (body: number) => {
    const reply = Deferred.makeUnsafe();
    Queue.offerUnsafe(queue, { body, reply });
    return Effect.runPromise(Deferred.await(reply));
  };
  return asking("effect", ask, () => fiber.interruptUnsafe());
}
