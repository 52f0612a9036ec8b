import type { JsonSchema } from "@mofa/kernel";

/** What values are looked for in. */
export interface Source {
  /** Texts, the newest first: what the user says now, then what was said before. */
  readonly texts: readonly string[];
  /** What tools answered, the newest first. */
  readonly answers: readonly unknown[];
  /** The day it is, where that is known. */
  readonly today: string | undefined;
  /** Values that were already used for the same tool in this turn: another one is preferred. */
  readonly used: readonly unknown[];
}

/** One value to find. */
export interface Want {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
  readonly required: boolean;
  readonly path: readonly string[];
}
