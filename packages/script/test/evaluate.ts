import type { Call, Json, ScriptCall, ScriptOutcome, Tool } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";

/** Evaluates a batch on a real call of a kernel, as a tool would. */
export async function evaluateAll(
  kernel: Kernel,
  batch: readonly ScriptCall[],
  signal?: AbortSignal,
): Promise<readonly ScriptOutcome[]> {
  const sandbox = kernel.get("sandbox", "isolated");
  const tool: Tool = { kind: "tool", name: "evaluate", run: (_: unknown, call: Call) => sandbox.evaluate(batch, call) };
  return kernel.invoke(tool, {}, signal === undefined ? {} : { signal }) as Promise<readonly ScriptOutcome[]>;
}

/** Evaluates the body of `async function run(input, host)`. */
export async function evaluate(kernel: Kernel, body: string, more: Partial<ScriptCall> = {}): Promise<ScriptOutcome> {
  const text = `export async function run(input, host) { ${body} }`;
  const [outcome] = await evaluateAll(kernel, [{ source: { name: "rule.js", text }, input: null, ...more }]);
  if (outcome === undefined) throw new TypeError("No outcome was told.");
  return outcome;
}

/** The value of an outcome, or its error's code. */
export function resultOf(outcome: ScriptOutcome | undefined): Json {
  if (outcome === undefined) return "nothing";
  return "value" in outcome ? outcome.value : outcome.error.code;
}

/** Resolves when a condition holds; looked at again and again, for what no event tells. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Says whether a process lives. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
