// Work in code that undoes itself when it fails.
//
// 1. That it failed, and how, is kept before anything is undone: no later life goes on as if it had not.
// 2. What was done last is undone first, one at a time, each a step of its own: a crash repeats none that is kept.
// 3. One that cannot be undone does not keep the others from it.
// 4. Work that is stopped from outside is left as it is: a call that was cancelled can do nothing any more.
import { type Call, type ErrorJson, fromErrorJson, type Json, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { StepFrame } from "../run/frame.ts";
import { failureJson } from "../run/outcome.ts";
import { type Branch, runBranch, runKept } from "./branch.ts";

/** Notes how to undo what has just been done. Note it in the same order in every life: after the step that did it. */
export type Compensate = (undo: Branch) => void;

/** Does work; when that fails, undoes what was noted, the last first, and throws what it failed with. */
export function saga<T>(
  call: Call,
  work: (call: Call, compensate: Compensate) => T | Promise<T>,
  options: { readonly key?: string } = {},
): Promise<T> {
  return runKept(call, "saga", { key: options.key, names: [], run: (own) => runSaga(own, work) });
}

async function runSaga<T>(call: Call, work: (call: Call, compensate: Compensate) => T | Promise<T>): Promise<T> {
  const undos: Branch[] = [];
  const verdict = failureOf(call);
  try {
    const value = await runBranch(call, "work", (own) => work(own, (undo) => void undos.push(undo)));
    if (verdict.kept === undefined) return value;
  } catch (error) {
    if (call.signal.aborted) throw error;
    await verdict.keep(error);
  }
  const failure = fromErrorJson(verdict.kept as ErrorJson);
  const left = await undoAll(call, undos);
  if (left.length === 0) throw failure;
  throw fail("flow.not_undone", { reason: toErrorJson(failure).message, left: left.join("; ") }, { cause: failure });
}

async function undoAll(call: Call, undos: readonly Branch[]): Promise<readonly string[]> {
  const left: string[] = [];
  for (const [index, undo] of [...undos.entries()].toReversed()) {
    try {
      await runBranch(call, `undo.${index}`, undo);
    } catch (error) {
      if (call.signal.aborted) throw error;
      left.push(toErrorJson(error).message);
    }
  }
  return left;
}

/** What the work failed with, as an earlier life or this one has kept it. */
function failureOf({ run }: Call): { readonly kept: ErrorJson | undefined; keep(error: unknown): Promise<void> } {
  const frame = run instanceof StepFrame ? run : undefined;
  const key = frame?.place("failed") ?? "";
  let kept = frame?.log.take(key)?.body as unknown as ErrorJson | undefined;
  return {
    get kept() {
      return kept;
    },
    async keep(error) {
      if (kept !== undefined) return;
      const failure = failureJson(error);
      const body = failure as unknown as Json;
      await frame?.log.append({ rows: [frame.row({ key, type: "value", kind: "value", name: "failed", body })] });
      kept = failure;
    },
  };
}
