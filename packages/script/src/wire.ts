/** The lines of JSON between the supervisor and its worker processes, and how they are cut. Knows nothing else. */
import type { ScriptLimits } from "@mofa/kernel";

/** Supervisor to worker. */
export type ToWorker =
  | JobLine
  | {
      readonly type: "answer";
      readonly job: number;
      readonly call: number;
      readonly good: boolean;
      readonly text: string;
    }
  | { readonly type: "stop"; readonly job: number };

/** One source, and what to call in it. */
export interface JobLine {
  readonly type: "job";
  readonly job: number;
  readonly mode: "call" | "inspect";
  readonly name: string;
  readonly text: string;
  /** Function names, and the position of each one's input in `inputs`: equal inputs cross once. */
  readonly items: readonly (readonly [string, number])[];
  /** JSON texts. */
  readonly inputs: readonly string[];
  readonly uses: readonly string[];
  readonly limits: ScriptLimits;
}

/** Worker to supervisor. */
export type FromWorker =
  | { readonly type: "ready" }
  | { readonly type: "pulse"; readonly rss: number }
  | { readonly type: "waiting"; readonly job: number }
  | { readonly type: "catastrophe"; readonly message: string }
  | HostLine
  | DoneLine;

/** A script asks its host. `text` is JSON for `invoke`, plain text for `log`. */
export interface HostLine {
  readonly type: "host";
  readonly job: number;
  readonly call: number;
  readonly operation: string;
  readonly name: string;
  readonly text: string;
}

/** A job's end. `clean` false: the process can no longer be trusted. */
export interface DoneLine {
  readonly type: "done";
  readonly job: number;
  readonly outcomes: readonly RawOutcome[];
  readonly clean: boolean;
}

/** What came of one item: `text` is `V` and the JSON of its value, or `E` and the JSON of a `Failure`. */
export interface RawOutcome {
  readonly text: string;
  readonly ms: number;
}

/** What went wrong in a worker, before the supervisor makes a sentence of it. */
export interface Failure {
  readonly code: string;
  readonly message?: string;
  readonly name?: string;
  readonly stack?: string;
  /** The host's answer that the script let through. */
  readonly because?: { readonly code: string; readonly message: string; readonly retryable: boolean };
}

/** Cuts a stream of text into lines; throws RangeError when a line grows beyond `longest` characters. */
export function createLineCutter(longest: number, take: (line: string) => void): (chunk: string) => void {
  let parts: string[] = [];
  let length = 0;
  return (chunk) => {
    let from = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", from)) {
      parts.push(chunk.slice(from, end));
      const line = parts.join("");
      parts = [];
      length = 0;
      from = end + 1;
      take(line);
    }
    if (from === chunk.length) return;
    parts.push(from === 0 ? chunk : chunk.slice(from));
    length += chunk.length - from;
    if (length > longest) throw new RangeError(`A line is longer than ${longest} characters.`);
  };
}
