import { definePlugin, type Plugin } from "@mofa/kernel";
import { SERVER_OPTIONS } from "../server/options.ts";
import { storeTools } from "../store-tools.ts";
import { openPostgres } from "./open.ts";
import type { PostgresOptions } from "./options.ts";

const OPTIONS = {
  type: "object",
  properties: { ...SERVER_OPTIONS, schema: { type: "string", minLength: 1 } },
  required: ["url"],
  additionalProperties: false,
} as const;

const plugin = definePlugin({
  name: "postgres",
  version: "0.1.0",
  options: OPTIONS,
  async setup(ctx, options) {
    // Checked by the schema above.
    const opened = ctx.own(await openPostgres(options as unknown as PostgresOptions, { clock: ctx.clock }));
    ctx.provide("store", opened.store);
    ctx.provide("session", opened.session);
    ctx.provide("journal", opened.journal);
    ctx.provide("memory", opened.memory);
    for (const tool of storeTools(opened.store)) ctx.provide("tool", tool);
  },
});

/** Keeps runs, documents, sessions and memory in PostgreSQL: `postgres("postgres://user:password@host/database")`. */
export function postgres(given: string | PostgresOptions): Plugin {
  const options = typeof given === "string" ? { url: given } : given;
  return { ...plugin({ ...options }), name: options.name ?? "postgres" };
}
