/** What crosses between an agent's own thread or process and the kernel: batches of small lists, as JSON. Knows nothing else. */
import {
  type Effect,
  type ErrorJson,
  type EventType,
  type Json,
  type JsonObject,
  type LogLevel,
  toJson,
} from "@mofa/kernel";

/** What to load, and how. */
export interface Spec {
  readonly agent: string;
  /** An absolute URL. */
  readonly module: string;
  readonly export: string;
  readonly options: JsonObject;
}

/** What a call knows about itself. */
export interface CallHead {
  readonly id: string;
  readonly trace: string;
  readonly deadline?: number;
  readonly tenant: string;
  readonly session: string;
  readonly run?: { readonly run: string; readonly key: string; readonly attempt: number };
}

/** Things by kind, newest first, as far as they are plain data. */
export type Shelves = Readonly<Record<string, readonly (JsonObject & { readonly name: string })[]>>;

/** A value that may be absent: JSON has no undefined. */
export type Maybe = readonly [] | readonly [Json];

/** An action of the isolated code itself, that is to run as a part of its call. */
export interface LocalAction {
  readonly ref: number;
  readonly kind: string;
  readonly name: string;
  readonly description?: string;
  readonly effect?: Effect;
  readonly timeout?: number;
}

/** The limits and identity that a nested call may be given from afar. */
export type CrossingOptions = JsonObject;

/** What isolated code may ask of its call. */
export type Operation =
  | ({ readonly do: "invoke"; readonly kind: string; readonly name: string; readonly input: Maybe } & Nested)
  | ({ readonly do: "local"; readonly action: LocalAction; readonly input: Maybe } & Nested)
  | { readonly do: "send"; readonly draft: JsonObject }
  | ({ readonly do: "request"; readonly draft: JsonObject } & Nested)
  | {
      readonly do: "use";
      readonly kind: string;
      readonly name: string;
      readonly method: string;
      readonly args: readonly Json[];
    }
  | { readonly do: "now" | "random" | "uniqueId" }
  | { readonly do: "sleep"; readonly ms: number }
  | { readonly do: "ask"; readonly question: JsonObject }
  | { readonly do: "hear"; readonly name: string; readonly options: JsonObject }
  | { readonly do: "write"; readonly write: JsonObject };

interface Nested {
  readonly options: CrossingOptions;
  /** Whether a "drop" may follow. */
  readonly stoppable: boolean;
}

/** Kernel to isolate. In a turn, `ref` 0 is the agent; others are actions that it began itself. */
export type ToIsolate =
  | readonly ["start", Spec]
  | readonly ["turn", turn: number, ref: number, input: Maybe, head: CallHead]
  | readonly ["shelves", Shelves]
  | readonly ["cancel", turn: number, reason: ErrorJson]
  | readonly ["answer", ask: number, value: Maybe]
  | readonly ["refusal", ask: number, error: ErrorJson]
  | readonly ["ping"]
  | readonly ["ack", characters: number]
  | readonly ["stop"];

/** Isolate to kernel. */
export type FromIsolate =
  | readonly ["ready"]
  | readonly ["failed", error: ErrorJson]
  | readonly ["done", turn: number, output: Maybe]
  | readonly ["error", turn: number, error: ErrorJson]
  | readonly ["ask", ask: number, turn: number, operation: Operation]
  | readonly ["drop", ask: number, reason: ErrorJson]
  | readonly ["emit", turn: number, type: EventType, body: JsonObject]
  | readonly ["log", turn: number, level: LogLevel, message: string, data: JsonObject | null]
  | readonly ["life.failed", error: ErrorJson]
  | readonly ["life.done"]
  | readonly ["crash", error: ErrorJson]
  | readonly ["pong"]
  | readonly ["stopped", error: ErrorJson | null];

/** The methods of things that are no actions, which isolated code may use from afar. */
export const METHODS: Readonly<Record<string, readonly string[]>> = {
  store: ["get", "put", "delete", "list"],
  session: ["length", "load", "append", "delete", "list"],
  memory: ["remember", "search", "forget"],
};

export function fromMaybe(value: Maybe): Json | undefined {
  return value[0];
}

/** Makes a value ready to cross; throws `json.not_json` with the path of what is not JSON. */
export function toMaybe(value: unknown): Maybe {
  return value === undefined ? [] : [toPlain(value)];
}

/** Copies an object into plain JSON. Most are flat, and a flat one needs no search for cycles. */
export function toPlain(value: unknown): Json {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return toJson(value);
  for (const key in value) {
    const item: unknown = (value as Record<string, unknown>)[key];
    const flat = typeof item === "string" || typeof item === "boolean" || Number.isFinite(item) || item === null;
    if (!flat || key === "__proto__") return toJson(value);
  }
  return { ...value } as Json;
}
