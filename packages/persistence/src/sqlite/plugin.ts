import { definePlugin, type Plugin } from "@mofa/kernel";
import { bring } from "../bring.ts";
import { VECTOR_SEARCH } from "../vector-search.ts";
import { openSqlite } from "./open.ts";
import type { SqliteOptions } from "./options.ts";

const OPTIONS = {
  type: "object",
  properties: {
    file: { type: "string", minLength: 1 },
    durability: { enum: ["full", "relaxed"] },
    readOnly: { type: "boolean" },
    migrate: { enum: ["auto", "manual"] },
    busyTimeout: { type: "integer", minimum: 0 },
    vectorSearch: VECTOR_SEARCH,
    name: { type: "string", minLength: 1 },
  },
  required: ["file"],
  additionalProperties: false,
} as const;

const plugin = definePlugin({
  name: "sqlite",
  version: "0.1.0",
  // Bringing large tables to a new version takes as long as it takes.
  setupTimeout: 3_600_000,
  options: OPTIONS,
  async setup(ctx, options) {
    // Checked by the schema above.
    bring(
      ctx,
      ctx.own(
        await openSqlite(options as unknown as SqliteOptions, {
          clock: ctx.clock,
          embedder: () => ctx.find("embedder"),
        }),
      ),
    );
  },
});

/** Keeps runs, documents, sessions and memory in one SQLite file: `sqlite("mofa.db")`. */
export function sqlite(given: string | SqliteOptions): Plugin {
  const options = typeof given === "string" ? { file: given } : given;
  return { ...plugin({ ...options }), name: options.name ?? "sqlite" };
}
