import type { Clock } from "@mofa/kernel";
import type { Hono } from "hono";
import type { Sight } from "../sight.ts";
import { takeSnapshot } from "../snapshot.ts";
import type { Tail } from "../tail.ts";
import { runPage } from "./run-page.ts";
import { statusPage } from "./status-page.ts";

/** Routes for people. */
export function addPages(app: Hono, { sight, tail, clock }: { sight: Sight; tail: Tail; clock: Clock }): void {
  app.get("/", async (context) => context.html(statusPage(await takeSnapshot(sight, tail, clock))));
  app.get("/runs/:id", async (context) => context.html(runPage(await sight.run(context.req.param("id")))));
}
