import type { Clock, Embedder, Log } from "@mofa/kernel";

/** What an open database works with beside the database itself. */
export interface OpenOptions {
  readonly clock?: Clock;
  /** Who makes the memory's vectors, asked anew each time. Default: nobody, facts are found by their words alone. */
  readonly embedder?: (() => Embedder | undefined) | undefined;
}

/** What an open database server works with besides. */
export interface OpenServerOptions extends OpenOptions {
  /** Hears that the server went away, and that it is there again. Default: nobody. */
  readonly log?: Log;
}

/** What a memory is made with. */
export interface MemoryOptions extends Pick<OpenOptions, "embedder"> {
  readonly name: string;
}
