import {
  type Agent,
  type AnyAction,
  type Call,
  type JsonObject,
  MofaError,
  type Schema,
  sayIssues,
  toCheck,
} from "@mofa/kernel";
import { fail } from "../../errors.ts";

/** What tells a module and what in it. */
export interface Place {
  readonly agent: string;
  readonly module: string;
  readonly export: string;
  readonly options: JsonObject;
}

/** Imports a module and takes the agent that it exports: the agent itself, or a function of the options that makes one. */
export async function loadAgent({ agent, module, export: name, options }: Place): Promise<Agent> {
  let found: unknown;
  try {
    const exports = (await import(/* @vite-ignore */ module)) as Record<string, unknown>;
    found = exports[name];
    if (typeof found === "function") found = await found(options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw fail("isolation.not_loaded", { agent, module, reason }, { cause });
  }
  if (isAgent(found)) return found;
  const reason = `it exports no agent called "${name}", nor a function that makes one`;
  throw fail("isolation.not_loaded", { agent, module, reason });
}

/** An action made ready to be run where no kernel checks its input and output. */
export type ByContract = (input: unknown, call: Call) => unknown;

/** Makes an action check its own input and output: for code that stands outside of the kernel's path. */
export function byContract(action: AnyAction): ByContract {
  if (action.input === undefined && action.output === undefined) return (input, call) => action.run(input, call);
  const checkInput = checkOf(
    action.input,
    "input.invalid",
    ({ kind, name }, problems) => `The ${kind} "${name}" was given bad input: ${problems}. Correct it and call again.`,
  );
  const checkOutput = checkOf(
    action.output,
    "output.invalid",
    ({ kind, name }, problems) =>
      `The ${kind} "${name}" returned what its output schema forbids: ${problems}. Correct its code or its schema.`,
  );
  return async (input, call) => checkOutput(action, await action.run(await checkInput(action, input), call));
}

type Sentence = (action: AnyAction, problems: string) => string;

function checkOf(schema: Schema | undefined, code: string, sentence: Sentence) {
  const check = schema === undefined ? undefined : toCheck(schema);
  return async (action: AnyAction, value: unknown): Promise<unknown> => {
    if (check === undefined) return value;
    const result = await check(value);
    if ("value" in result) return result.value;
    const problems = sayIssues(result.issues);
    const issues = result.issues.map(({ path, message }) => ({ path, message }));
    const { kind, name } = action;
    // The kernel's own code and sentence: callers must not see where the action runs.
    throw new MofaError(code, sentence(action, problems), { data: { kind, name, problems, issues } });
  };
}

function isAgent(value: unknown): value is Agent {
  return typeof value === "object" && value !== null && "run" in value && typeof value.run === "function";
}
