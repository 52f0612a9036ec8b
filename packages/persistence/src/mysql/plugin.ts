import { definePlugin, type Plugin } from "@mofa/kernel";
import { bring } from "../bring.ts";
import { SERVER_OPTIONS } from "../server/options.ts";
import { openMysql } from "./open.ts";
import type { MysqlOptions } from "./options.ts";

const OPTIONS = {
  type: "object",
  properties: SERVER_OPTIONS,
  required: ["url"],
  additionalProperties: false,
} as const;

const plugin = definePlugin({
  name: "mysql",
  version: "0.1.0",
  // Bringing large tables to a new version takes as long as it takes.
  setupTimeout: 3_600_000,
  options: OPTIONS,
  async setup(ctx, options) {
    // Checked by the schema above.
    bring(
      ctx,
      ctx.own(
        await openMysql(options as unknown as MysqlOptions, {
          clock: ctx.clock,
          log: ctx.log,
          embedder: () => ctx.find("embedder"),
        }),
      ),
    );
  },
});

/** Keeps runs, documents, sessions and memory in MySQL or MariaDB: `mysql("mysql://user:password@host/database")`. */
export function mysql(given: string | MysqlOptions): Plugin {
  const options = typeof given === "string" ? { url: given } : given;
  return { ...plugin({ ...options }), name: options.name ?? "mysql" };
}
