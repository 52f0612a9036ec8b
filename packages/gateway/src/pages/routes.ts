import type { Clock } from "@mofa/kernel";
import type { Hono } from "hono";
import { readRunFilter } from "../runs.ts";
import type { Sight } from "../sight.ts";
import { takeSnapshot, toSummary } from "../snapshot.ts";
import type { Tail } from "../tail.ts";
import { runPage } from "./run-page.ts";
import { runsPage } from "./runs-page.ts";
import { statusPage } from "./status-page.ts";

/** Routes for people. */
export function addPages(app: Hono, { sight, tail, clock }: { sight: Sight; tail: Tail; clock: Clock }): void {
  app.get("/", async (context) => context.html(statusPage(await takeSnapshot(sight, tail, clock))));
  app.get("/runs", async (context) => {
    const filter = readRunFilter(context);
    const [runs, counts] = await Promise.all([sight.runs(filter), sight.engine().counts()]);
    const full = runs.length === filter.limit;
    return context.html(runsPage({ runs: runs.map(toSummary), counts, query: context.req.query(), full }));
  });
  app.get("/runs/:id", async (context) => {
    const id = context.req.param("id");
    const [kept, children] = await Promise.all([sight.run(id), sight.runs({ parent: id })]);
    return context.html(runPage(kept, children));
  });
}
