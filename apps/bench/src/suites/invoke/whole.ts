// 4g: the whole of a call: input checked, three wrappers, a context, and an event at start and end.
import { createKernel } from "@mofa/kernel/host";
import { z } from "zod";
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import type { Moleculer } from "../messages/peers.ts";
import { calling } from "./calling.ts";
import { leanPath } from "./lean.ts";
import type { Trpc } from "./middleware.ts";

const FORECAST = { city: "Oslo", days: 3, unit: "C", place: { latitude: 59.9, longitude: 10.7 } };
export type Forecast = typeof FORECAST;

const JSON_SCHEMA = {
  type: "object",
  properties: {
    city: { type: "string" },
    days: { type: "integer", minimum: 1, maximum: 14 },
    unit: { type: "string" },
    place: {
      type: "object",
      properties: { latitude: { type: "number" }, longitude: { type: "number" } },
      required: ["latitude", "longitude"],
    },
  },
  required: ["city", "days", "unit", "place"],
} as const;

const zodSchema = z.object({
  city: z.string(),
  days: z.number().int().min(1).max(14),
  unit: z.string(),
  place: z.object({ latitude: z.number(), longitude: z.number() }),
});

export function wholeCases(peers: Peers): readonly Case[] {
  // By themselves the peers tell no events: beside a call that nobody watches they do the same work, beside a watched
  // one less.
  const silent = [() => withMoleculer(peers, false), () => withTrpc(peers)];
  return [
    {
      name: "4g whole invoke, watched",
      subjects: [() => limit(true), () => mofa("json", true), () => withMoleculer(peers, true), ...silent],
    },
    {
      name: "4g whole invoke, nobody watches",
      subjects: [() => limit(false), () => mofa("json", false), ...silent],
    },
    { name: "4g whole invoke with zod, watched", subjects: [() => limit(true), () => mofa("zod", true)] },
  ];
}

function limit(watched: boolean): Subject {
  let seen = 0;
  const path = leanPath(watched ? () => void seen++ : undefined);
  return calling("limit", () => path(FORECAST));
}

/** A kernel with three wrappers and one action; `call` invokes it. */
export async function oneAction(schema: "json" | "zod") {
  const kernel = await createKernel();
  for (let index = 0; index < 3; index++) kernel.wrap((step, next) => next(step));
  const input = schema === "json" ? JSON_SCHEMA : zodSchema;
  const action = { kind: "tool", name: "forecast", input, run: async (given: Forecast) => given.days };
  return { kernel, call: () => kernel.invoke(action, FORECAST) };
}

async function mofa(schema: "json" | "zod", watched: boolean): Promise<Subject> {
  const { kernel, call } = await oneAction(schema);
  let seen = 0;
  if (watched) kernel.watch({}, () => void seen++);
  return calling("mofa", call, () => kernel.end());
}

type Handler = (context: unknown) => Promise<unknown>;

/** With its validator; and with an event at start and end, told by its broker to one who listens, if wanted. */
async function withMoleculer(peers: Peers, told: boolean): Promise<Subject | undefined> {
  const peer = await peers.load<Moleculer>("moleculer");
  if (peer === undefined) return undefined;
  const pass = { localAction: (next: Handler) => (context: unknown) => next(context) };
  const tell = {
    localAction: (next: Handler) => (context: { readonly id: string; readonly params: unknown }) => {
      const { id, params } = context;
      const started = performance.now();
      void broker.broadcastLocal("action.start", { at: performance.timeOrigin + started, call: id, input: params });
      return next(context).then((output) => {
        const ended = performance.now();
        const at = performance.timeOrigin + ended;
        void broker.broadcastLocal("action.end", { at, call: id, ms: ended - started, output });
        return output;
      });
    },
  };
  const middlewares = told ? [tell, pass, pass, pass] : [pass, pass, pass];
  const broker = new peer.ServiceBroker({ logger: false, middlewares });
  const place = { type: "object", props: { latitude: "number", longitude: "number" } };
  const params = { city: "string", days: { type: "number", integer: true, min: 1, max: 14 }, unit: "string", place };
  const handler = async (context: { readonly params: Forecast }) => context.params.days;
  let seen = 0;
  const events = { "action.start": () => void seen++, "action.end": () => void seen++ };
  broker.createService({ name: "bench", actions: { forecast: { params, handler } }, events: told ? events : {} });
  await broker.start();
  return calling(
    told ? "moleculer, telling events" : "moleculer",
    () => broker.call("bench.forecast", FORECAST),
    () => broker.stop(),
  );
}

/** With zod, without events. */
async function withTrpc(peers: Peers): Promise<Subject | undefined> {
  const peer = await peers.load<Trpc>("@trpc/server");
  if (peer === undefined) return undefined;
  const trpc = peer.initTRPC.create();
  const pass = ({ next }: { next: () => Promise<unknown> }) => next();
  const run = async ({ input }: { readonly input: Forecast }) => input.days;
  const procedure = trpc.procedure.use(pass).use(pass).use(pass).input(zodSchema).query(run);
  const caller = trpc.createCallerFactory(trpc.router({ forecast: procedure }))({});
  return calling("trpc", () => caller["forecast"]?.(FORECAST) as Promise<unknown>);
}
