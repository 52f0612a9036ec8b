import type { Journal, Memory, PluginContext, SessionStore, Store } from "@mofa/kernel";
import { storeTools } from "./store-tools.ts";
import type { Searching } from "./vector-search.ts";

/** An open database, as the four things it keeps. */
interface Opened extends Searching {
  readonly store: Store;
  readonly session: SessionStore;
  readonly journal: Journal;
  readonly memory: Memory;
}

/** Puts what an open database keeps on the shelves, and the tools over its documents. */
export function bring(ctx: PluginContext, { store, session, journal, memory, vectorSearch }: Opened): void {
  const { by, instead } = vectorSearch;
  if (instead !== undefined) ctx.log.warn(`Vectors of "${memory.name}" are looked for in this process: ${instead}`);
  else if (by !== "process") ctx.log.info(`Vectors of "${memory.name}" are looked for by ${by}.`);
  ctx.provide("store", store);
  ctx.provide("session", session);
  ctx.provide("journal", journal);
  ctx.provide("memory", memory);
  for (const tool of storeTools(store)) ctx.provide("tool", tool);
}
