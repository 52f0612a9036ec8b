import { fail } from "../errors.ts";

/** Turns texts into vectors, so that texts of like meaning or spelling lie near each other. */
export interface Embedder {
  /** Names the space too: vectors of embedders of different names are never compared (`openai/text-embedding-3-small`). */
  readonly name: string;
  /** How many numbers each vector has. */
  readonly dimensions: number;
  /** The cosine up to which two texts have nothing to do with each other. Default 0. */
  readonly floor?: number;
  /** One vector for each text, in order; it cuts long lists into requests itself. */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<readonly (readonly number[])[]>;
}

export interface EmbedOptions {
  readonly signal?: AbortSignal;
}

/** Names the space of an embedder's vectors, as it is kept beside them. */
export function spaceOf({ name, dimensions }: Embedder): string {
  return `${name}@${dimensions}`;
}

/**
 * Asks an embedder for vectors of length 1; undefined for a text in which it sees nothing (all zero). Throws
 * `embedder.bad_vectors` when it answers with another number of vectors or dimensions, or with what is no number.
 */
export async function embedAll(
  embedder: Embedder,
  texts: readonly string[],
): Promise<readonly (Float32Array | undefined)[]> {
  if (texts.length === 0) return [];
  const vectors = await embedder.embed(texts);
  const bad = (found: string, wanted: string) =>
    fail("embedder.bad_vectors", { embedder: embedder.name, found, wanted });
  if (vectors.length !== texts.length) throw bad(`${vectors.length} vectors`, `${texts.length}`);
  return vectors.map((numbers) => {
    if (numbers.length !== embedder.dimensions) throw bad(`${numbers.length} dimensions`, `${embedder.dimensions}`);
    const length = Math.hypot(...numbers);
    if (!Number.isFinite(length)) throw bad("a vector that is not of numbers", "finite numbers");
    return length === 0 ? undefined : Float32Array.from(numbers, (number) => number / length);
  });
}
