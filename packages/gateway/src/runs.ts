import {
  type AnyAction,
  isMofaError,
  type JsonObject,
  type KindName,
  RUN_ENDS,
  type RunFilter,
  type RunStatus,
} from "@mofa/kernel";
import type { Context, Hono } from "hono";
import { fail } from "./errors.ts";
import { readLimit } from "./query.ts";
import { bodyReader } from "./read-body.ts";
import type { Sight } from "./sight.ts";
import { toSummary } from "./snapshot.ts";

interface StartBody {
  /** Short for kind "workflow" and this name. */
  readonly workflow?: string;
  readonly kind?: (typeof STARTABLE)[number];
  readonly name?: string;
  readonly input?: JsonObject;
  readonly id?: string;
}

const STARTABLE = ["workflow", "agent", "tool", "script", "model", "node"] as const satisfies readonly KindName[];
const STATUSES: readonly RunStatus[] = ["queued", "running", "waiting", ...RUN_ENDS];

const readStart = bodyReader<StartBody>({
  type: "object",
  properties: {
    workflow: { type: "string", minLength: 1 },
    kind: { type: "string", enum: [...STARTABLE] },
    name: { type: "string", minLength: 1 },
    input: {},
    id: { type: "string", minLength: 1, maxLength: 200 },
  },
  additionalProperties: false,
});

/** Routes about kept runs. */
export function addRuns(app: Hono, sight: Sight): void {
  app.get("/api/runs", async (context) => {
    const runs = await sight.runs(readRunFilter(context));
    return context.json({ runs: runs.map(toSummary) });
  });

  app.get("/api/queues", async (context) => context.json({ counts: await sight.engine().counts() }));

  app.get("/api/runs/:id", async (context) => {
    const { record, rows } = await sight.run(context.req.param("id"));
    return context.json({ run: record, rows });
  });

  app.post("/api/runs", async (context) => {
    const { id, input = {}, ...asked } = await readStart(context);
    const engine = sight.engine();
    const { kind, name } = toName(asked);
    const known = id !== undefined && (await exists(sight, id));
    // The engine checks the input against what the action takes.
    const run = await engine.start(sight.get(kind, name) as AnyAction, input, id === undefined ? {} : { id });
    context.header("location", `/runs/${encodeURIComponent(run.id)}`);
    return context.json({ id: run.id, status: await run.status() }, known ? 200 : 201);
  });
}

function toName({ workflow, kind, name }: StartBody): { kind: (typeof STARTABLE)[number]; name: string } {
  if (workflow !== undefined && kind === undefined && name === undefined) return { kind: "workflow", name: workflow };
  if (workflow === undefined && kind !== undefined && name !== undefined) return { kind, name };
  throw fail("gateway.bad_request", { problems: 'give either "workflow", or "kind" and "name"' }, { stack: false });
}

async function exists(sight: Sight, id: string): Promise<boolean> {
  try {
    await sight.engine().open(id).status();
    return true;
  } catch (error) {
    if (isMofaError(error, "run.not_found")) return false;
    throw error;
  }
}

const NAMED = ["name", "queue", "parent", "before"] as const;

/** Reads which runs are asked for; `queue=` without a value is no queue. */
export function readRunFilter(context: Context): RunFilter {
  const status = readStatuses(context);
  const named = NAMED.flatMap((key) => {
    const value = context.req.query(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return { limit: readLimit(context), ...(status === undefined ? {} : { status }), ...Object.fromEntries(named) };
}

function readStatuses({ req }: Context): readonly RunStatus[] | undefined {
  const statuses = req.query("status")?.split(",");
  const wrong = statuses?.find((status) => !(STATUSES as readonly string[]).includes(status));
  if (wrong === undefined) return statuses as readonly RunStatus[] | undefined;
  const problems = `there is no status "${wrong}" of runs; there are ${STATUSES.join(", ")}`;
  throw fail("gateway.bad_request", { problems }, { stack: false });
}
