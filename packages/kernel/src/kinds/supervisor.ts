/** How failed members come back: only the one that failed, all of them, or it and those that came after it. */
export type SupervisionStrategy = "one-for-one" | "one-for-all" | "rest-for-one";

/** How long to wait before a restart: `first`, then `factor` times more each time, at most `longest`. */
export interface Backoff {
  /** Milliseconds; default 100. */
  readonly first?: number;
  /** Default 2. */
  readonly factor?: number;
  /** Milliseconds; default 30,000. */
  readonly longest?: number;
  /** The share of a wait that is random, from 0 to 1; default 0.2. */
  readonly jitter?: number;
}

/**
 * Watches over agents and other supervisors, its members in the order they came. When its members fail more than
 * `maxRestarts` times within `within` milliseconds, it gives up: it stops them all and has itself failed, which its
 * own supervisor then deals with. The outermost is the kernel: it counts the failures of each member by itself, restarts
 * one for one, and what it gives up stays failed, and says so. A supervisor that is called `kernel` sets its bounds.
 * Whoever names a supervisor that is not there is under the kernel until it comes. Restarted with another, an agent's
 * turns are cut short with `agent.restarted`; messages among them fall under `redeliver`.
 */
export interface Supervisor {
  readonly name: string;
  /** Default `one-for-one`. */
  readonly strategy?: SupervisionStrategy;
  /** Default 3. */
  readonly maxRestarts?: number;
  /** Milliseconds; default 5,000. */
  readonly within?: number;
  readonly backoff?: Backoff;
  /** The name of the supervisor above; default the kernel. */
  readonly supervisor?: string;
}

/** What becomes of an agent that fails or ends. */
export interface Supervision {
  /** The name of its supervisor; default the kernel, which restarts one for one. */
  readonly supervisor?: string;
  /** `permanent`: restarted whenever it ends; `transient`: only when it failed; `temporary`: never. Default `transient`. */
  readonly restart?: "permanent" | "transient" | "temporary";
  /**
   * What counts as a failure of the agent itself: `crash` is an error with the code `agent.crashed` (its state is lost;
   * isolated agents throw it when their process dies), `error` is any error that a turn throws. Default `crash`.
   */
  readonly failsOn?: "crash" | "error";
  /**
   * How often a message that was in work when the agent failed is given to it again, once the old turn has really
   * ended; after that, and by default at once, it goes to the dead letters (or its error to the asker).
   */
  readonly redeliver?: number;
}
