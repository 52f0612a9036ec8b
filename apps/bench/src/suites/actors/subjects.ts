// What is spawned: each subject makes so many idle actors and keeps them, in a process of its own.
import { createKernel } from "@mofa/kernel/host";
import type { Peers } from "../../peer.ts";
import { loadEffect, type Moleculer, type Nact } from "../messages/peers.ts";

/** Makes so many; what it gives back is kept until they are counted. */
export type Spawn = (count: number) => unknown;

export const SUBJECTS: Readonly<Record<string, (peers: Peers) => Promise<Spawn | undefined>>> = {
  /** An object in a Map, found by its id. */
  async limit() {
    const actors = new Map<
      string,
      { readonly name: string; status: string; readonly run: (input: number) => number }
    >();
    const run = (input: number) => input + 1;
    return (count) => {
      for (let index = 0; index < count; index++)
        actors.set(`actor-${index}`, { name: `actor-${index}`, status: "ready", run });
      return actors;
    };
  },
  async mofa() {
    const kernel = await createKernel();
    const run = (input: number) => input + 1;
    return (count) => {
      for (let index = 0; index < count; index++)
        kernel.provide("agent", { kind: "agent", name: `actor-${index}`, run });
      return kernel;
    };
  },
  async nact(peers) {
    const peer = await peers.load<Nact>("nact");
    if (peer === undefined) return undefined;
    const system = peer.start();
    const work = (state: unknown) => state;
    return (count) => {
      for (let index = 0; index < count; index++) peer.spawn(system, work, `actor-${index}`);
      return system;
    };
  },
  async xstate(peers) {
    interface Xstate {
      fromTransition(work: (state: number) => number, initial: number): unknown;
      createActor(logic: unknown): { start(): unknown };
    }
    const peer = await peers.load<Xstate>("xstate");
    if (peer === undefined) return undefined;
    const logic = peer.fromTransition((state) => state + 1, 0);
    return (count) => Array.from({ length: count }, () => peer.createActor(logic).start());
  },
  /** A fiber that takes from a queue of its own. */
  async effect(peers) {
    const peer = await loadEffect(peers);
    if (peer === undefined) return undefined;
    const { Effect, Queue } = peer;
    const spawn = () => {
      const queue = Effect.runSync(Queue.bounded(16));
      return Effect.runFork(Effect.forever(Effect.map(Queue.take(queue), () => undefined)));
    };
    return (count) => Array.from({ length: count }, spawn);
  },
  async moleculer(peers) {
    const peer = await peers.load<Moleculer>("moleculer");
    if (peer === undefined) return undefined;
    const broker = new peer.ServiceBroker({ logger: false });
    await broker.start();
    const run = () => 1;
    return (count) => {
      for (let index = 0; index < count; index++) broker.createService({ name: `actor-${index}`, actions: { run } });
      return broker;
    };
  },
};
