import type { Call } from "./call.ts";
import type { Schema, SchemaInput, SchemaOutput } from "./schema.ts";

/**
 * What an action does to the world, which decides how a run keeps it:
 * `none` is pure (recomputed, never journalled), `idempotent` may safely happen twice,
 * `once` is refused after a crash in mid-flight, `tx` writes to the journal's own database and commits with its row.
 * Left out: journalled, and run again only when the process died between the effect and the commit.
 */
export type Effect = "none" | "idempotent" | "once" | "tx";

/** Does work for a given input. Tools, agents, models, nodes and engines are all actions. */
export interface Action<Input = unknown, Output = unknown> {
  readonly kind: string;
  readonly name: string;
  readonly description?: string;
  readonly input?: Schema;
  readonly output?: Schema;
  readonly effect?: Effect;
  /** Milliseconds after which a call of this action is stopped. */
  readonly timeout?: number;
  run(input: Input, call: Call): Output | Promise<Output>;
}

/** An action of unknown shape: what lookups by name give. */
// biome-ignore lint/suspicious/noExplicitAny: a name says nothing of types; the input schema is checked when it is called.
export type AnyAction = Action<any, any>;

/** What `defineAction` takes: an action whose `run` sees the validated input. */
export interface ActionOptions<S extends Schema, Output> {
  readonly name: string;
  readonly description?: string;
  readonly input: S;
  readonly output?: Schema;
  readonly effect?: Effect;
  readonly timeout?: number;
  run(input: SchemaOutput<S>, call: Call): Output | Promise<Output>;
}

/** Describes an action of any kind; callers may give what the schema accepts, `run` gets what it yields. */
export function defineAction<Kind extends string, S extends Schema, Output>(
  kind: Kind,
  options: ActionOptions<S, Output>,
): Action<SchemaInput<S>, Output> & { readonly kind: Kind } {
  // The input is validated before run is called, which is what makes the two types one.
  return { ...options, kind, run: options.run as Action<SchemaInput<S>, Output>["run"] };
}
