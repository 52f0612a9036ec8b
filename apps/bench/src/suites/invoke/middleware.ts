// 4d: three wrappers that only look, around an action that adds one. Nobody watches, nothing is validated.
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
  const subjects = [
    limit,
    () => mofa(3),
    () => withKoa(peers),
    () => withKoaCancellable(peers),
    () => withMoleculer(peers),
    () => withHono(peers),
    () => withTrpc(peers),
  ];
  return [
    { name: "4d three middleware", subjects },
    { name: "4d no middleware", subjects: [limit, () => mofa(0)] },
  ];
}

/** Folded once, promises handed on. */
function limit(): Subject {
  const look = (next: (input: number) => Promise<number>) => (input: number) => next(input);
  const add = async (input: number) => input + 1;
  return calling("limit", look(look(look(add))));
}

async function mofa(count: number): Promise<Subject> {
  const kernel = await createKernel();
  for (let index = 0; index < count; index++) kernel.wrap((step, next) => next(step));
  const add = { kind: "tool", name: "add", run: async (input: number) => input + 1 };
  return calling(
    "mofa",
    (index) => kernel.invoke(add, index),
    () => kernel.end(),
  );
}

const look: Middleware = (_, next) => next();
const add: Middleware = async (context) => {
  context.output = context.input + 1;
};

interface KoaCompose {
  default(list: readonly Middleware[]): (context: Context) => Promise<unknown>;
}

async function withKoa(peers: Peers): Promise<Subject | undefined> {
  const peer = await peers.load<KoaCompose>("koa-compose");
  if (peer === undefined) return undefined;
  const composed = peer.default([look, look, look, add]);
  return calling("koa-compose", (input) => composed({ input }));
}

/** What a call of ours is beside its chain: known while it is in flight, with a signal, and cancelled at once. */
async function withKoaCancellable(peers: Peers): Promise<Subject | undefined> {
  const peer = await peers.load<KoaCompose>("koa-compose");
  if (peer === undefined) return undefined;
  const composed = peer.default([look, look, look, add]);
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

async function withHono(peers: Peers): Promise<Subject | undefined> {
  interface Hono {
    compose(list: readonly [readonly [Middleware, unknown]][]): (context: Context, next?: Next) => Promise<unknown>;
  }
  const peer = await peers.load<Hono>("./node_modules/hono/dist/compose.js");
  if (peer === undefined) return undefined;
  const composed = peer.compose([look, look, look, add].map((each) => [[each, {}]]));
  return calling("hono", (input) => composed({ input, req: {} }));
}

async function withMoleculer(peers: Peers): Promise<Subject | undefined> {
  const peer = await peers.load<Moleculer>("moleculer");
  if (peer === undefined) return undefined;
  type Handler = (context: unknown) => Promise<unknown>;
  const middleware = { localAction: (next: Handler) => (context: unknown) => next(context) };
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

async function withTrpc(peers: Peers): Promise<Subject | undefined> {
  const peer = await peers.load<Trpc>("@trpc/server");
  if (peer === undefined) return undefined;
  const trpc = peer.initTRPC.create();
  const pass = ({ next }: { next: Next }) => next();
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
