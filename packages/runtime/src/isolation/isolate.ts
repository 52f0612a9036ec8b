import type { ToIsolate } from "./wire.ts";

/** How a thread or process ended. */
export interface Ending {
  /** Why it was ended from here; undefined when it ended by itself. */
  readonly killedFor: unknown;
  /** `exit 1` or `SIGABRT`. */
  readonly how: string;
  readonly outOfMemory: boolean;
  /** What it failed with, where that is known. */
  readonly error: unknown;
}

/** A thread or process with one agent in it, seen from outside. */
export interface Isolate {
  /** Resolves exactly once, when nothing of it is left. */
  readonly gone: Promise<Ending>;
  send(message: ToIsolate): void;
  /** Sends it without waiting for more to leave with it. */
  sendNow(message: ToIsolate): void;
  kill(reason: unknown): void;
  /** MiB that its own heap limit does not bound, when that is too much; else undefined. */
  overweight(): Promise<number | undefined>;
}

/** How to start one. */
export interface IsolateOptions {
  readonly name: string;
  readonly heapMb: number;
  readonly stackMb: number | undefined;
  /** All that it sees of the environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The most characters that cross at once. */
  readonly most: number;
  /** Takes one message; what it throws ends the isolate. */
  take(message: readonly unknown[]): void;
  /** A message was too long to be sent. */
  refused(message: ToIsolate, length: number | undefined): void;
}

/** The file that a thread or process runs, and what Node needs to read it. */
export function entryFile(): { readonly url: URL; readonly flags: readonly string[] } {
  // Beside this file in the sources, which need the sources of what they import; beside the bundle in what is published.
  return import.meta.url.endsWith(".ts")
    ? { url: new URL("./worker-entry.ts", import.meta.url), flags: ["--conditions=@mofa/source"] }
    : { url: new URL("./isolation/worker-entry.js", import.meta.url), flags: [] };
}

/** Characters that an isolate may have sent and nobody read; it says how many it read each `ACK_EVERY`. */
export const WINDOW = 2 * 1024 * 1024;
export const ACK_EVERY = WINDOW / 4;
