import { openAdmin } from "../src/admin/index.ts";
import { mysqlAccess, postgresAccess } from "../src/admin/server-access.ts";
import { sqliteAccess } from "../src/admin/sqlite-access.ts";
import { openSqlite } from "../src/sqlite/index.ts";
import { temporaryFolder } from "./folder.ts";
import { type Kind, mysqlServer, postgresServer } from "./servers.ts";

type OpenOptions = NonNullable<Parameters<Awaited<ReturnType<Kind["site"]>>["open"]>[0]>;

/** An empty database of one kind, gone with the test. */
export async function emptyDatabase(kind: "sqlite" | "postgres" | "mysql") {
  if (kind === "sqlite") {
    const folder = temporaryFolder();
    const file = folder.at("mofa.db");
    return {
      folder,
      admin: () => openAdmin({ at: file, create: true }),
      access: () => sqliteAccess({ file, create: true }),
      async open({ clock, embedder, migrate = "auto" }: OpenOptions = {}) {
        const opened = await openSqlite({ file, migrate }, { embedder, ...(clock === undefined ? {} : { clock }) });
        return { ...opened, [Symbol.asyncDispose]: async () => opened.close() };
      },
      [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
    };
  }
  const site = await (kind === "postgres" ? postgresServer : mysqlServer).site();
  const folder = temporaryFolder();
  const schema = kind === "postgres" ? { schema: site.name } : {};
  return {
    folder,
    admin: () => openAdmin({ at: site.url, ...schema }),
    access: () => (kind === "postgres" ? postgresAccess : mysqlAccess)({ url: site.url, ...schema }),
    open: (options?: OpenOptions) => site.open(options),
    async [Symbol.asyncDispose]() {
      folder[Symbol.dispose]();
      await site[Symbol.asyncDispose]();
    },
  };
}
