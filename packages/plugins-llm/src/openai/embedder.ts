// Embeddings behind the same protocol.
//
// 1. A list is asked for in requests of a bounded number of texts, one after the other; an answer counts only whole.
// 2. A text without a word in it is not sent: servers refuse the empty one. Its vector is zero.
import type { Clock, Embedder } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { Connection } from "./connection.ts";
import type { EmbeddingsOptions } from "./options.ts";
import { toModelError } from "./to-error.ts";

/** The dimensions of the models that can be asked for fewer, or are widely used. */
const DIMENSIONS: Readonly<Record<string, number>> = {
  "text-embedding-3-small": 1536,
  "text-embedding-3-large": 3072,
  "text-embedding-ada-002": 1536,
};
const SHORTENABLE = /^text-embedding-3-/;
const BATCH = 128;

/** Makes the embedder of a provider; throws `model.no_dimensions` for a model whose vectors nobody knows the length of. */
export function openaiEmbedder(
  provider: string,
  { model, dimensions: given, batch = BATCH }: EmbeddingsOptions,
  { open, clock }: { open(): Promise<Connection>; readonly clock: Clock },
): Embedder {
  const dimensions = given ?? DIMENSIONS[model];
  if (dimensions === undefined) throw fail("model.no_dimensions", { provider, model });
  const shorter = SHORTENABLE.test(model) && dimensions !== DIMENSIONS[model] ? { dimensions } : {};

  async function ask(input: string[], signal: AbortSignal | undefined): Promise<readonly (readonly number[])[]> {
    const { client, url, timeout, key } = await open();
    try {
      const body = { model, input, encoding_format: "float" as const, ...shorter };
      const { data } = await client.embeddings.create(body, signal === undefined ? {} : { signal });
      return inOrder(data, input.length, { url, model });
    } catch (error) {
      signal?.throwIfAborted();
      throw toModelError(error, { url, model, timeout, now: clock.now(), key });
    }
  }

  return {
    name: `${provider}/${model}`,
    dimensions,
    async embed(texts, { signal } = {}) {
      const vectors: (readonly number[])[] = texts.map(() => new Array<number>(dimensions).fill(0));
      const asked = [...texts.entries()].filter(([, text]) => text.trim() !== "");
      for (let from = 0; from < asked.length; from += batch) {
        const part = asked.slice(from, from + batch);
        const answer = await ask(
          part.map(([, text]) => text),
          signal,
        );
        for (const [at, [index]] of part.entries()) vectors[index] = answer[at] ?? [];
      }
      return vectors;
    },
  };
}

// The protocol numbers the vectors, and promises no order.
function inOrder(data: unknown, count: number, place: { readonly url: string; readonly model: string }) {
  const bad = (reason: string) => fail("model.bad_reply", { ...place, reason });
  if (!Array.isArray(data) || data.length !== count) {
    throw bad(`it holds ${Array.isArray(data) ? data.length : "no list of"} embeddings where ${count} were asked for.`);
  }
  const vectors = new Map<unknown, readonly number[]>();
  for (const [at, one] of (data as readonly { index?: unknown; embedding?: unknown }[]).entries()) {
    if (!Array.isArray(one?.embedding)) throw bad(`embedding ${at} is not a list of numbers.`);
    vectors.set(one.index ?? at, one.embedding as readonly number[]);
  }
  return Array.from({ length: count }, (_, at) => {
    const vector = vectors.get(at);
    if (vector === undefined) throw bad(`no embedding has the index ${at}.`);
    return vector;
  });
}
