// Answers what scripts ask of their host. The script's process is not trusted: the allow-list and the quota are checked
// here again, what comes is parsed as foreign data, and what goes back carries no stack and no path of this machine.
import {
  type AnyAction,
  type Call,
  isMofaError,
  type Json,
  type KindName,
  type MofaError,
  toErrorJson,
  toJson,
} from "@mofa/kernel";
import { fail } from "./errors.ts";
import type { HostAnswer } from "./running-job.ts";
import { parseUntrusted } from "./untrusted-json.ts";
import type { HostLine, JobLine } from "./wire.ts";

/** Serves one job's host calls on a real call, so that they are wrapped, told and journalled like any other. */
export function serveHost(
  call: Call,
  job: Omit<JobLine, "type" | "job">,
): (line: HostLine, signal: AbortSignal) => Promise<HostAnswer> {
  const { name: script, limits } = job;
  const granted = new Set(job.uses);
  let calls = 0;

  async function answer(line: HostLine, signal: AbortSignal): Promise<Json> {
    if (line.operation === "log") {
      call.log.info(line.text.slice(0, 1_000), { script });
      return null;
    }
    if (++calls > limits.hostCalls)
      throw fail("script.too_many_host_calls", { script, calls: limits.hostCalls }, { stack: false });
    if (line.operation === "now") return call.now();
    if (!granted.has(line.name))
      throw fail("script.not_granted", { script, action: line.name.slice(0, 200) }, { stack: false });
    const input = parseUntrusted(line.text);
    if ("reason" in input) throw fail("script.bad_output", { script, reason: input.reason }, { stack: false });
    const output = await call.invoke(findAction(call, script, line.name), input.value, { signal });
    return output === undefined ? null : toJson(output);
  }

  return async (line, signal) => {
    try {
      return { good: true, text: JSON.stringify(await answer(line, signal)) };
    } catch (thrown) {
      return { good: false, text: JSON.stringify(toAnswer(thrown)) };
    }
  };
}

function findAction(call: Call, script: string, name: string): AnyAction {
  const colon = name.indexOf(":");
  if (colon < 1) throw fail("script.not_callable", { script, action: name }, { stack: false });
  // The shelf is the script's choice; it is in the list that the script was granted.
  const found: unknown = call.get(name.slice(0, colon) as KindName, name.slice(colon + 1));
  if (typeof found !== "object" || found === null || !("run" in found) || typeof found.run !== "function") {
    throw fail("script.not_callable", { script, action: name }, { stack: false });
  }
  return found as AnyAction;
}

function toAnswer(thrown: unknown): Pick<MofaError, "code" | "message" | "retryable"> {
  const { code, message, retryable } = toErrorJson(thrown);
  return { code, message: isMofaError(thrown) ? message : withoutPaths(message), retryable };
}

/** Keeps the first line of a foreign error, without the places where files of this machine are. */
function withoutPaths(message: string): string {
  const line = message.slice(0, 500).split("\n", 1)[0] ?? "";
  return line.replace(/(^|[\s'"(=])(?:file:\/\/)?(?:[A-Za-z]:)?[\\/][^\s'")]+/g, "$1(path)");
}
