import type { Clock, Embedder } from "@mofa/kernel";

/** What an open database works with beside the database itself. */
export interface OpenOptions {
  readonly clock?: Clock;
  /** Who makes the memory's vectors, asked anew each time. Default: nobody, facts are found by their words alone. */
  readonly embedder?: (() => Embedder | undefined) | undefined;
}

/** What a memory is made with. */
export interface MemoryOptions extends Pick<OpenOptions, "embedder"> {
  readonly name: string;
}
