import type { Near } from "@mofa/kernel";

/**
 * Where the nearest vectors are looked for: `database` asks an extension of it and refuses to open without one, `process`
 * looks at every vector in this process, `auto` takes the extension where there is one. All find the same.
 */
export type VectorSearch = "auto" | "database" | "process";

export const VECTOR_SEARCH = { enum: ["auto", "database", "process"] } as const;

/** Who looks for the nearest vectors. */
export interface Searching {
  readonly vectorSearch: {
    readonly by: "sqlite-vec" | "pgvector" | "process";
    /** Why it is not the extension that is there. */
    readonly instead?: string;
  };
}

/** A fact that an extension names, and how far it thinks that one is: 1 less the cosine. */
export interface Named {
  readonly n: number;
  readonly far: number;
}

/** How many more than are wanted an extension is asked for at first: most often enough to see where the nearest end. */
export const SPARE = 32;

/** How many times as many it is asked for when that was not enough. */
export const MORE = 8;

/**
 * Whether the `depth` nearest are surely among those that an extension named, nearest first, when it was asked for so
 * many. It reckons in 32 bits and may take the farther of two for the nearer one, so that whatever is about as far as the
 * last one wanted has to be there too. All of them are then compared as everywhere else.
 */
export function areEnough(
  named: readonly Named[],
  asked: number,
  { depth, near }: { depth: number; near: Near },
): boolean {
  const last = named.at(-1);
  if (last === undefined || named.length < asked) return true;
  const wanted = Math.min(named[depth - 1]?.far ?? 0, 1 - near.floor);
  return last.far > wanted + slack(near.vector.length);
}

// Twice what one distance may be wrong by: for each dimension a rounding of 2 ** -24 in the product and another in the
// lengths; a few more for the root, the division, and vectors whose length is 1 but for a rounding.
function slack(dimensions: number): number {
  return (dimensions + 8) * 2 ** -22;
}
