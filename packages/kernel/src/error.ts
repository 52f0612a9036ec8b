import type { Json, JsonObject } from "./json.ts";

// A string key, so that an error survives two installed copies of the kernel.
const BRAND = "@mofa/error";

/** The one error class: a code for programs, a sentence for people, and whether trying again can help. */
export class MofaError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly data: JsonObject;
  readonly [BRAND] = true;

  constructor(code: string, message: string, options: MofaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "MofaError";
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.data = options.data ?? {};
  }
}

export interface MofaErrorOptions {
  readonly cause?: unknown;
  readonly retryable?: boolean;
  readonly data?: JsonObject;
}

/** An error as data: what crosses a process, a wire or a journal. The chain of causes is in `because`. */
export interface ErrorJson {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly data?: JsonObject;
  readonly because?: ErrorJson;
}

// biome-ignore lint/suspicious/noExplicitAny: each sentence declares its own data; the table only needs to be callable.
type Sentences = Record<string, (data: any) => string>;

export interface FailOptions {
  readonly cause?: unknown;
  readonly retryable?: boolean;
  /** `false` for refusals that callers expect: a stack trace costs ten times the error itself. */
  readonly stack?: boolean;
}

/** Makes errors of one table; the code picks the sentence, and the sentence's parameter types the data. */
export type Fail<Table extends Sentences> = <Code extends keyof Table & string>(
  code: Code,
  data: Parameters<Table[Code]>[0],
  options?: FailOptions,
) => MofaError;

/** Describes a package's errors as a table: code (`noun.what_happened`) → sentence (what, which one, what to do now). */
export function defineErrors<const Table extends Sentences>(table: Table): Fail<Table> {
  return (code, data, options = {}) => {
    const sentence = table[code];
    const message = sentence === undefined ? code : sentence(data);
    const make = () => new MofaError(code, message, { ...options, data: data as JsonObject });
    return options.stack === false ? withoutStack(make) : make();
  };
}

/** Tells whether a value is a MoFA error, of any installed copy, with the given code if one is named. */
export function isMofaError(value: unknown, code?: string): value is MofaError {
  if (typeof value !== "object" || value === null || !(BRAND in value)) return false;
  return code === undefined || (value as MofaError).code === code;
}

/** Turns any thrown value into data; what is not ours gets the code `error.unexpected`. */
export function toErrorJson(thrown: unknown, depth = 0): ErrorJson {
  const cause: unknown = thrown instanceof Error ? thrown.cause : undefined;
  // Eight causes deep is a cycle or a mistake; the first ones say what matters.
  const because = cause === undefined || depth > 7 ? undefined : toErrorJson(cause, depth + 1);
  const own = isMofaError(thrown)
    ? { code: thrown.code, message: thrown.message, retryable: thrown.retryable, data: thrown.data }
    : { code: "error.unexpected", message: describeThrown(thrown), retryable: false };
  return because === undefined ? own : { ...own, because };
}

/** Makes an error again from its data, with the same code and the chain of causes. */
export function fromErrorJson(error: ErrorJson): MofaError {
  return withoutStack(
    () =>
      new MofaError(error.code, error.message, {
        retryable: error.retryable,
        data: error.data ?? {},
        cause: error.because === undefined ? undefined : fromErrorJson(error.because),
      }),
  );
}

/** Finds the known name nearest to a misspelt one, for "did you mean …" sentences. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function describeThrown(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.name === "Error" ? thrown.message : `${thrown.name}: ${thrown.message}`;
  return typeof thrown === "string" ? thrown : `A value that is not an error was thrown: ${safeText(thrown)}`;
}

function safeText(value: unknown): string {
  try {
    return (JSON.stringify(value as Json) ?? String(value)).slice(0, 500);
  } catch {
    return typeof value;
  }
}

function withoutStack(make: () => MofaError): MofaError {
  const engine = Error as { stackTraceLimit?: number };
  const limit = engine.stackTraceLimit;
  if (limit === undefined) return make();
  engine.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    engine.stackTraceLimit = limit;
  }
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
