import type { Journal, Memory, PluginContext, SessionStore, Store } from "@mofa/kernel";
import { storeTools } from "./store-tools.ts";

/** An open database, as the four things it keeps. */
interface Opened {
  readonly store: Store;
  readonly session: SessionStore;
  readonly journal: Journal;
  readonly memory: Memory;
}

/** Puts what an open database keeps on the shelves, and the tools over its documents. */
export function bring(ctx: PluginContext, { store, session, journal, memory }: Opened): void {
  ctx.provide("store", store);
  ctx.provide("session", session);
  ctx.provide("journal", journal);
  ctx.provide("memory", memory);
  for (const tool of storeTools(store)) ctx.provide("tool", tool);
}
