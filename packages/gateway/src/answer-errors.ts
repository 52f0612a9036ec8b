import { type ErrorJson, type Log, toErrorJson } from "@mofa/kernel";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { errorPage } from "./pages/error-page.ts";

const STATUSES: Readonly<Record<string, ContentfulStatusCode>> = {
  "gateway.host_refused": 403,
  "gateway.origin_refused": 403,
  "gateway.token_refused": 401,
  "gateway.not_json": 415,
  "gateway.bad_json": 400,
  "gateway.body_too_large": 413,
  "gateway.bad_request": 422,
  "gateway.no_route": 404,
  "gateway.no_engine": 503,
  "gateway.no_runs": 503,
  "gateway.no_control": 503,
  "gateway.too_many_streams": 503,
  "plugin.not_granted": 503,
  "gateway.no_run": 404,
  "gateway.no_letter": 404,
  "gateway.no_task": 404,
  "gateway.no_schedules": 503,
  "run.duplicate": 409,
  "run.ended": 409,
  "run.no_step": 404,
  "signal.bad": 422,
  "kernel.closed": 503,
  "lifecycle.refused": 409,
  "plugin.no_previous": 409,
  // What was asked for was done, and did not work.
  "plugin.setup_failed": 502,
  "agent.crashed": 502,
};

// For the codes of other packages: what the noun's fate means, whoever's noun it is.
const ENDINGS: readonly (readonly [RegExp, ContentfulStatusCode])[] = [
  [/\.(not_found|not_registered|unknown)$/, 404],
  [/\.(already_answered|id_taken|conflict)$/, 409],
  [/\.(invalid|not_json|bad_\w+)$/, 422],
];

/** The HTTP status that an error means. */
function toStatus({ code }: ErrorJson): ContentfulStatusCode {
  return STATUSES[code] ?? ENDINGS.find(([ending]) => ending.test(code))?.[1] ?? 500;
}

/** Answers a request with what went wrong: as JSON, without a stack. What nobody expected is logged as well. */
export function answerError(context: Context, thrown: unknown, log: Log): Response {
  const { error, status } = examine(context, thrown, log);
  return context.json({ error }, status);
}

/** The same for somebody who looks at pages. */
export function answerErrorPage(context: Context, thrown: unknown, log: Log): Response | Promise<Response> {
  const { error, status } = examine(context, thrown, log);
  return context.html(errorPage(status, error), status);
}

/** Says whether a request came from somebody who looks at pages. */
export function wantsPage({ req }: Context): boolean {
  return req.method === "GET" && !req.path.startsWith("/api/") && req.header("accept")?.includes("text/html") === true;
}

function examine(context: Context, thrown: unknown, log: Log) {
  const error = toErrorJson(thrown);
  const status = toStatus(error);
  if (status === 500) log.error(`${context.req.method} ${context.req.path} failed: ${error.message}`);
  if (status === 401) context.header("www-authenticate", 'Bearer realm="mofa", Basic realm="mofa"');
  return { error, status };
}
