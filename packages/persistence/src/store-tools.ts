import { defineTool, type Json, type Store, type Tool } from "@mofa/kernel";

const id = { type: "string", minLength: 1, maxLength: 512, description: "Like a path: orders/1001" } as const;

/** The tools `store.get`, `store.put` and `store.list` on a store. */
export function storeTools(store: Store): readonly Tool[] {
  return [storeGet(store), storePut(store), storeList(store)];
}

/** Reads one document: its body, or null when there is none. */
export function storeGet(store: Store): Tool {
  return defineTool({
    name: "store.get",
    description: "Reads the document of an id. Gives its body, or null when there is none.",
    input: { type: "object", properties: { id }, required: ["id"], additionalProperties: false },
    run: async (input) => (await store.get(input["id"] as string))?.body ?? null,
  });
}

/** Writes one document, whatever was there before. */
export function storePut(store: Store): Tool {
  return defineTool({
    name: "store.put",
    description: "Keeps a document under an id, replacing what was there. Gives its id and new version.",
    input: {
      type: "object",
      properties: { id, body: { description: "Any JSON." } },
      required: ["id", "body"],
      additionalProperties: false,
    },
    effect: "idempotent",
    run: async (input) => {
      const { id, version } = await store.put(input["id"] as string, input["body"] as Json);
      return { id, version };
    },
  });
}

/** Lists documents by the beginning of their ids. */
export function storeList(store: Store): Tool {
  return defineTool({
    name: "store.list",
    description: "Lists documents whose ids begin with a prefix, in order of id. Gives id and body of each.",
    input: {
      type: "object",
      properties: {
        prefix: { type: "string", description: "The beginning of the ids: orders/" },
        limit: { type: "integer", minimum: 1, maximum: 1_000, description: "At most this many. Default 100." },
      },
      additionalProperties: false,
    },
    run: async (input) => {
      const { prefix = "", limit = 100 } = input as { prefix?: string; limit?: number };
      return (await store.list({ prefix, limit })).map(({ id, body }) => ({ id, body }));
    },
  });
}
