import type { TaskAnswer } from "@mofa/kernel";
import type { Hono } from "hono";
import { fail } from "./errors.ts";
import { readLimit } from "./query.ts";
import { bodyReader } from "./read-body.ts";
import type { Sight } from "./sight.ts";

const readAnswer = bodyReader<TaskAnswer>({
  type: "object",
  properties: {
    value: {},
    by: { type: "string", minLength: 1, maxLength: 200, pattern: "\\S" },
    comment: { type: "string", maxLength: 10_000 },
  },
  required: ["value", "by"],
  additionalProperties: false,
});

/** Routes about the questions that runs ask. */
export function addDecisions(app: Hono, sight: Sight): void {
  app.get("/api/decisions", async (context) => {
    const status = context.req.query("status") ?? "open";
    if (status !== "open" && status !== "answered")
      throw fail("gateway.bad_request", { problems: 'status must be "open" or "answered"' });
    const run = context.req.query("run");
    const filter = { status, limit: readLimit(context), ...(run === undefined ? {} : { run }) } as const;
    return context.json({ decisions: await sight.engine().decisions(filter) });
  });

  app.post("/api/decisions/:token", async (context) => {
    const token = context.req.param("token");
    const answer = await readAnswer(context);
    // The engine refuses what the question does not offer, and a second answer.
    return context.json({ decision: await sight.engine().decide(token, answer) });
  });
}
