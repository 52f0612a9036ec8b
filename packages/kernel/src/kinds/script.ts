import type { Action } from "../action.ts";
import type { Call } from "../call.ts";
import type { ErrorJson } from "../error.ts";
import type { Json } from "../json.ts";

/** A named script: sandboxed code that is called like any action. */
export interface Script extends Action<Json, Json> {
  readonly kind: "script";
  /** The hash of its source. */
  readonly version: string;
}

/** Runs untrusted code. Batch-first: a border is cheaper per item when many cross at once. */
export interface Sandbox {
  readonly name: string;
  /** Reads what a script exports that is plain data (`description`, `input`, `uses` …), or says what is wrong with it. */
  describe(source: ScriptSource): Promise<Readonly<Record<string, Json>>>;
  /** Calls exported functions; one outcome for each, in order. Throws only when the call is cancelled. */
  evaluate(batch: readonly ScriptCall[], call: Call): Promise<readonly ScriptOutcome[]>;
}

export interface ScriptSource {
  /** Shown in errors: usually the file name. */
  readonly name: string;
  readonly text: string;
}

export interface ScriptCall {
  readonly source: ScriptSource;
  /** The exported function to call. Default `run`. */
  readonly function?: string;
  readonly input: Json;
  /** The actions it may invoke through its host, as `kind:name`. Default none. */
  readonly uses?: readonly string[];
  readonly limits?: Partial<ScriptLimits>;
}

/** What a script may spend. */
export interface ScriptLimits {
  /** Milliseconds of its own work, host calls not counted. */
  readonly time: number;
  /** Milliseconds in all. */
  readonly wall: number;
  /** MiB of heap. */
  readonly memory: number;
  /** Bytes of JSON it may give back. */
  readonly output: number;
  /** Calls to its host. */
  readonly hostCalls: number;
}

export type ScriptOutcome =
  | { readonly value: Json; readonly ms: number }
  | { readonly error: ErrorJson; readonly ms: number };
