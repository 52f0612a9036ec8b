// The little that is used of peers with several doors.
import type { Peers } from "../../peer.ts";

export interface Nact {
  start(): unknown;
  stop(system: unknown): void;
  spawn(
    parent: unknown,
    work: (state: unknown, message: { readonly sender?: unknown; readonly body: number }) => unknown,
    name: string,
  ): unknown;
  dispatch(actor: unknown, message: unknown): void;
  query(actor: unknown, message: (sender: unknown) => unknown, timeout: number): Promise<unknown>;
}

export interface Moleculer {
  readonly ServiceBroker: new (options: {
    readonly logger: boolean;
    readonly middlewares?: readonly unknown[];
  }) => {
    createService(schema: unknown): unknown;
    start(): Promise<void>;
    stop(): Promise<void>;
    call(name: string, input: unknown): Promise<unknown>;
    emit(name: string, body: unknown): Promise<void>;
    broadcastLocal(name: string, body: unknown): Promise<void>;
  };
}

/** Something of effect's that only effect looks into. */
type Opaque = { readonly opaque: unique symbol };

export interface Effects {
  readonly Effect: {
    runSync(effect: Opaque): Opaque;
    runFork(effect: Opaque): { interruptUnsafe(): void };
    runPromise(effect: Opaque): Promise<unknown>;
    forever(effect: Opaque): Opaque;
    map(effect: Opaque, to: (value: never) => unknown): Opaque;
    flatMap(effect: Opaque, to: (value: never) => Opaque): Opaque;
    scoped(effect: Opaque): Opaque;
  };
  readonly Queue: {
    bounded(capacity: number): Opaque;
    take(queue: Opaque): Opaque;
    offerUnsafe(queue: Opaque, item: unknown): boolean;
  };
  readonly Deferred: {
    makeUnsafe(): Opaque;
    await(deferred: Opaque): Opaque;
    succeed(deferred: Opaque, value: unknown): Opaque;
  };
  readonly PubSub: {
    bounded(capacity: number): Opaque;
    subscribe(pubsub: Opaque): Opaque;
    take(subscription: Opaque): Opaque;
    publishUnsafe(pubsub: Opaque, item: unknown): boolean;
  };
}

export function loadEffect(peers: Peers): Promise<Effects | undefined> {
  return peers.load<Effects>("effect");
}
