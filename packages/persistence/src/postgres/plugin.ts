import { definePlugin, type Plugin } from "@mofa/kernel";
import { bring } from "../bring.ts";
import { SERVER_OPTIONS } from "../server/options.ts";
import { VECTOR_SEARCH } from "../vector-search.ts";
import { openPostgres } from "./open.ts";
import type { PostgresOptions } from "./options.ts";

const OPTIONS = {
  type: "object",
  properties: { ...SERVER_OPTIONS, schema: { type: "string", minLength: 1 }, vectorSearch: VECTOR_SEARCH },
  required: ["url"],
  additionalProperties: false,
} as const;

const plugin = definePlugin({
  name: "postgres",
  version: "0.1.0",
  // Bringing large tables to a new version takes as long as it takes.
  setupTimeout: 3_600_000,
  options: OPTIONS,
  async setup(ctx, options) {
    // Checked by the schema above.
    bring(
      ctx,
      ctx.own(
        await openPostgres(options as unknown as PostgresOptions, {
          clock: ctx.clock,
          log: ctx.log,
          embedder: () => ctx.find("embedder"),
        }),
      ),
    );
  },
});

/** Keeps runs, documents, sessions and memory in PostgreSQL: `postgres("postgres://user:password@host/database")`. */
export function postgres(given: string | PostgresOptions): Plugin {
  const options = typeof given === "string" ? { url: given } : given;
  return { ...plugin({ ...options }), name: options.name ?? "postgres" };
}
