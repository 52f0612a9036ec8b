import { inMemoryJournal } from "../kinds/in-memory-journal.ts";
import { inMemoryMemory } from "../kinds/in-memory-memory.ts";
import { inMemorySession } from "../kinds/in-memory-session.ts";
import { inMemoryStore } from "../kinds/in-memory-store.ts";
import { lexicalEmbedder } from "../kinds/lexical-embedder.ts";
import type { Plugin } from "../plugin.ts";

/**
 * Brings the in-memory journal, store, session and memory, and the lexical embedder: the bottom of the stacks, gone with
 * the process.
 */
export function inMemory(): Plugin {
  return {
    name: "in-memory",
    version: "0.1.0",
    setup(ctx) {
      const { clock } = ctx;
      ctx.provide("journal", inMemoryJournal({ clock }));
      ctx.provide("store", inMemoryStore({ clock }));
      ctx.provide("session", inMemorySession({ clock }));
      ctx.provide("embedder", lexicalEmbedder());
      ctx.provide("memory", inMemoryMemory({ clock, embedder: () => ctx.find("embedder") }));
    },
  };
}
