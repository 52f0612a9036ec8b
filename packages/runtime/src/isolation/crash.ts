import { MofaError, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { Ending } from "./isolate.ts";

/** The kernel's word for an agent that itself has failed: supervisors restart it. */
export function crashed(agent: string, cause: unknown): MofaError {
  const reason = toErrorJson(cause).message;
  return new MofaError("agent.crashed", `The agent "${agent}" failed: ${reason}`, {
    data: { agent, reason },
    retryable: true,
    cause,
  });
}

/** Says why an isolate is gone. */
export function whyGone(agent: string, { killedFor, how, outOfMemory, error }: Ending, heapMb: number): unknown {
  if (killedFor !== undefined) return killedFor;
  if (outOfMemory) return fail("isolation.out_of_memory", { agent, mb: heapMb }, { cause: error });
  if (error !== undefined)
    return fail("isolation.threw", { agent, reason: toErrorJson(error).message }, { cause: error });
  return fail("isolation.exited", { agent, how });
}
