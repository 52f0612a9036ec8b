import { type Action, type ActionOptions, type AnyAction, defineAction } from "../action.ts";
import { anyObject, type JsonSchema, type Schema, type SchemaInput, toJsonSchema } from "../schema.ts";

/** An action that models and workflows may use by name. */
// biome-ignore lint/suspicious/noExplicitAny: the shelf holds tools of every shape; each one's schema checks its input.
export interface Tool<Input = any, Output = any> extends Action<Input, Output> {
  readonly kind: "tool";
}

/** Describes a tool: `run` gets the validated input. */
export function defineTool<S extends Schema, Output>(options: ActionOptions<S, Output>): Tool<SchemaInput<S>, Output> {
  return defineAction("tool", options);
}

/** What a model is told about a tool. */
export interface ToolDescription {
  readonly name: string;
  readonly description: string;
  readonly input: JsonSchema;
}

/** Describes a tool, or anything else that a model may use like one, to a model. */
export function describeTool(tool: Pick<AnyAction, "name" | "description" | "input">): ToolDescription {
  const input = tool.input === undefined ? anyObject : toJsonSchema(tool.input);
  return { name: tool.name, description: tool.description ?? "", input };
}
