import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Clock, EventFilter, EventType, Log } from "@mofa/kernel";
import { Hono, type MiddlewareHandler } from "hono";
import { addAgents } from "./agents.ts";
import { answerError, answerErrorPage, wantsPage } from "./answer-errors.ts";
import { addAssets } from "./assets.ts";
import { addDecisions } from "./decisions.ts";
import { fail } from "./errors.ts";
import type { EventHub } from "./event-stream.ts";
import { type GuardOptions, guard } from "./guard.ts";
import { checkLife, checkReadiness } from "./health.ts";
import { addLetters } from "./letters.ts";
import { addPages } from "./pages/routes.ts";
import { addPlugins } from "./plugins.ts";
import { type Redact, redactAnswers } from "./redaction.ts";
import { addRunSteer } from "./run-steer.ts";
import { addRuns } from "./runs.ts";
import type { Sight } from "./sight.ts";
import { takeSnapshot, toStatusJson } from "./snapshot.ts";
import { createSteer } from "./steer.ts";
import type { Tail } from "./tail.ts";
import { addTasks } from "./tasks.ts";

/** What the routes work with. */
export interface AppParts {
  readonly sight: Sight;
  readonly tail: Tail;
  readonly hub: EventHub;
  readonly clock: Clock;
  readonly log: Log;
  readonly redact: Redact;
}

const HEADERS = {
  "content-security-policy":
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/** All routes behind their guards. */
export async function createApp(parts: AppParts, options: GuardOptions): Promise<Hono> {
  const app = new Hono();
  app.use(redactAnswers(parts.redact), addHeaders, guard(options));
  addProbes(app, parts);
  addStatus(app, parts);
  const steer = createSteer(parts);
  addAgents(app, parts.sight, steer);
  addLetters(app, parts.sight, steer);
  addTasks(app, parts.sight, steer);
  addPlugins(app, parts.sight, steer);
  addRuns(app, parts.sight);
  addRunSteer(app, parts.sight, steer);
  addDecisions(app, parts.sight);
  addEvents(app, parts.hub);
  addPages(app, parts);
  await addAssets(app);
  app.notFound(({ req }) => {
    throw fail("gateway.no_route", { method: req.method, path: req.path }, { stack: false });
  });
  app.onError((error, context) =>
    wantsPage(context) ? answerErrorPage(context, error, parts.log) : answerError(context, error, parts.log),
  );
  return app;
}

const addHeaders: MiddlewareHandler = (context, next) => {
  for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
  return next();
};

function addProbes(app: Hono, { sight, clock }: AppParts): void {
  app.get("/healthz", (context) => {
    const life = checkLife(sight);
    return context.json(life, life.status === "ok" ? 200 : 503);
  });
  app.get("/readyz", async (context) => {
    const readiness = await checkReadiness(sight, clock);
    return context.json(readiness, readiness.status === "ready" ? 200 : 503);
  });
  app.get("/metrics", async (context) => {
    const metrics = sight.find("metrics");
    if (metrics === undefined)
      return context.text("There are no metrics. Add the plugin observability() from @mofa/observability.\n", 404);
    return context.body(await metrics.render(), 200, { "content-type": metrics.contentType });
  });
}

function addStatus(app: Hono, { sight, tail, clock }: AppParts): void {
  app.get("/api/status", async (context) => context.json(toStatusJson(await takeSnapshot(sight, tail, clock))));
  app.get("/api/budgets", (context) => context.json({ budgets: sight.control().budgets() }));
}

function addEvents(app: Hono, hub: EventHub): void {
  app.get("/api/events", (context) => {
    const { trace, type, kind } = context.req.query();
    const filter: EventFilter = {
      ...(trace === undefined ? {} : { trace }),
      // A type that nobody tells matches nothing, which is what was asked for.
      ...(type === undefined ? {} : { type: type as EventType }),
      ...(kind === undefined ? {} : { kind }),
    };
    hub.follow((context.env as HttpBindings).outgoing, filter);
    return RESPONSE_ALREADY_SENT;
  });
}
