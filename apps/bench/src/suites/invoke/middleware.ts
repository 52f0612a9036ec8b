// 4d: three wrappers around an action that adds one. Nobody watches, nothing is validated.
//
// Handing on: each returns what the next one gives, as one does that only looks before. Awaiting: each waits for it, as
// one must that times, logs or catches, and as most are written.
import { createKernel } from "@mofa/kernel/host";
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import type { Moleculer } from "../messages/peers.ts";
import { calling } from "./calling.ts";

interface Context {
  readonly input: number;
  /** Hono writes down here how far it came. */
  readonly req?: object;
  output?: number;
}
type Next = () => Promise<unknown>;
type Middleware = (context: Context, next: Next) => Promise<unknown>;

export function middlewareCases(peers: Peers): readonly Case[] {
  const subjects = (waits: boolean) => [
    () => limit(waits),
    () => mofa(3, waits),
    () => withKoa(peers, waits),
    () => withKoaCancellable(peers, waits),
    () => withMoleculer(peers, waits),
    () => withHono(peers, waits),
    () => withTrpc(peers, waits),
  ];
  return [
    { name: "4d three middleware, handing on", subjects: subjects(false) },
    { name: "4d three middleware, awaiting", subjects: subjects(true) },
    { name: "4d no middleware", subjects: [() => limit(false), () => mofa(0, false)] },
  ];
}

/** Folded once. */
function limit(waits: boolean): Subject {
  type Step = (input: number) => Promise<number>;
  const look = (next: Step): Step => (waits ? async (input) => await next(input) : (input) => next(input));
  const add = async (input: number) => input + 1;
  return calling("limit", look(look(look(add))));
}

async function mofa(count: number, waits: boolean): Promise<Subject> {
  const kernel = await createKernel();
  for (let index = 0; index < count; index++) {
    kernel.wrap(waits ? async (step, next) => await next(step) : (step, next) => next(step));
  }
  const add = { kind: "tool", name: "add", run: async (input: number) => input + 1 };
  return calling(
    "mofa",
    (index) => kernel.invoke(add, index),
    () => kernel.end(),
  );
}

/** Three that look, and one that adds. */
function chain(waits: boolean): readonly Middleware[] {
  // Three functions: one that stands three times would be optimised as one.
  const looks = Array.from(
    { length: 3 },
    (): Middleware => (waits ? async (_, next) => await next() : (_, next) => next()),
  );
  const add: Middleware = async (context) => {
    context.output = context.input + 1;
  };
  return [...looks, add];
}

interface KoaCompose {
  default(list: readonly Middleware[]): (context: Context) => Promise<unknown>;
}

async function withKoa(peers: Peers, waits: boolean): Promise<Subject | undefined> {
  const peer = await peers.load<KoaCompose>("koa-compose");
  if (peer === undefined) return undefined;
  const composed = peer.default(chain(waits));
  return calling("koa-compose", (input) => composed({ input }));
}

/** What a call of ours is beside its chain: known while it is in flight, with a signal, and cancelled at once. */
async function withKoaCancellable(peers: Peers, waits: boolean): Promise<Subject | undefined> {
  const peer = await peers.load<KoaCompose>("koa-compose");
  if (peer === undefined) return undefined;
  const composed = peer.default(chain(waits));
  const inFlight = new Set<object>();
  const call = (input: number) =>
    new Promise<unknown>((resolve, reject) => {
      const controller = new AbortController();
      const cancel = (reason: unknown) => {
        controller.abort(reason);
        reject(reason);
      };
      const context = { input, signal: controller.signal, cancel };
      inFlight.add(context);
      composed(context).then(
        (output) => {
          inFlight.delete(context);
          resolve(output);
        },
        (error: unknown) => {
          inFlight.delete(context);
          reject(error);
        },
      );
    });
  return calling("koa-compose, cancellable", call);
}

async function withHono(peers: Peers, waits: boolean): Promise<Subject | undefined> {
  interface Hono {
    compose(list: readonly [readonly [Middleware, unknown]][]): (context: Context, next?: Next) => Promise<unknown>;
  }
  const peer = await peers.load<Hono>("./node_modules/hono/dist/compose.js");
  if (peer === undefined) return undefined;
  const composed = peer.compose(chain(waits).map((each) => [[each, {}]]));
  return calling("hono", (input) => composed({ input, req: {} }));
}

async function withMoleculer(peers: Peers, waits: boolean): Promise<Subject | undefined> {
  const peer = await peers.load<Moleculer>("moleculer");
  if (peer === undefined) return undefined;
  type Handler = (context: unknown) => Promise<unknown>;
  const middleware = {
    localAction: (next: Handler): Handler =>
      waits ? async (context) => await next(context) : (context) => next(context),
  };
  const broker = new peer.ServiceBroker({ logger: false, middlewares: [middleware, middleware, middleware] });
  const handler = async (context: { readonly params: { readonly n: number } }) => context.params.n + 1;
  broker.createService({ name: "bench", actions: { add: handler } });
  await broker.start();
  return calling(
    "moleculer",
    (n) => broker.call("bench.add", { n }),
    () => broker.stop(),
  );
}

async function withTrpc(peers: Peers, waits: boolean): Promise<Subject | undefined> {
  const peer = await peers.load<Trpc>("@trpc/server");
  if (peer === undefined) return undefined;
  const trpc = peer.initTRPC.create();
  const pass = waits ? async ({ next }: { next: Next }) => await next() : ({ next }: { next: Next }) => next();
  let n = 0;
  const procedure = trpc.procedure
    .use(pass)
    .use(pass)
    .use(pass)
    .query(async () => n++);
  const caller = trpc.createCallerFactory(trpc.router({ add: procedure }))({});
  return calling("trpc", () => caller["add"]?.(undefined) as Promise<unknown>);
}

/** The little that is used of tRPC. */
export interface Trpc {
  readonly initTRPC: {
    create(): {
      readonly procedure: TrpcProcedure;
      router(procedures: Readonly<Record<string, unknown>>): unknown;
      createCallerFactory(
        router: unknown,
      ): (context: unknown) => Readonly<Record<string, (input: unknown) => Promise<unknown>>>;
    };
  };
}

interface TrpcProcedure {
  use(middleware: (options: { next: Next }) => Promise<unknown>): TrpcProcedure;
  input(schema: unknown): TrpcProcedure;
  query(run: (options: { readonly input: never }) => Promise<unknown>): unknown;
}
