import { type Call, toJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { StepFrame } from "./frame.ts";

/**
 * Begins the run anew with another input and nothing kept, so that one that goes on for ever stays small. Only from the
 * run's outermost action; what comes after it is never reached. Signals that were not heard yet stay.
 */
export async function continueAsNew(call: Call, input: unknown): Promise<never> {
  const { run } = call;
  if (!(run instanceof StepFrame) || run.path !== "")
    throw fail("run.not_outermost", { step: run?.key ?? call.action.name });
  const { log } = run;
  await log.ready();
  const reason = fail("run.continued", { run: run.run }, { stack: false });
  const restart = { input: toJson(input ?? null) };
  await log.leave({ update: { status: "running", restart } }, reason);
  throw reason;
}
