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

// An extension reckons with 32 bits: what it thinks is nearest is compared once more, with a few that came after.
export const SPARE = 32;
