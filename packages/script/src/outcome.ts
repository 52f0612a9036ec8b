/** Makes what callers see of what a worker told: values that are safe to keep, errors that are whole sentences. */
import { type ErrorJson, type MofaError, type ScriptOutcome, toErrorJson } from "@mofa/kernel";
import { fail } from "./errors.ts";
import type { JobEnd } from "./running-job.ts";
import { parseUntrusted } from "./untrusted-json.ts";
import type { Failure, JobLine, RawOutcome } from "./wire.ts";

export type JobHead = Pick<JobLine, "name" | "limits" | "text">;

/** The outcome of one item. */
export function toOutcome(raw: RawOutcome, job: JobHead, called: string): ScriptOutcome {
  const { ms } = raw;
  if (raw.text.startsWith("E")) return { error: toError(raw.text.slice(1), job, called), ms };
  const parsed = parseUntrusted(raw.text.slice(1));
  if ("value" in parsed) return { value: parsed.value, ms };
  return { error: told(fail("script.bad_output", { script: job.name, reason: parsed.reason }, { stack: false })), ms };
}

/** The error of everything that a job that was lost did not come to. */
export function toLost(lost: NonNullable<JobEnd["lost"]>, job: JobHead): MofaError {
  const script = job.name;
  const { code, how = "" } = lost;
  const stack = false;
  switch (code) {
    case "script.quarantined":
      return fail(code, { script, kills: Number(how) }, { stack });
    case "script.queue_full":
      return fail(code, { script, waiting: Number(how) }, { stack, retryable: true });
    case "script.worker_lost":
      return fail(code, { script, how }, { stack, retryable: true });
    case "script.worker_failed":
      return fail(code, { reason: how }, { stack });
    case "script.sandbox_ended":
      return fail(code, { script }, { stack, retryable: true });
    case "script.wall_exceeded":
      return fail(code, { script, ms: job.limits.wall }, { stack });
    case "script.memory_exceeded":
      return fail(code, { script, mib: job.limits.memory }, { stack });
    default:
      return fail("script.crashed", { script, how: how === "" ? code : how }, { stack });
  }
}

function toError(text: string, job: JobHead, called: string): ErrorJson {
  const parsed = parseUntrusted(text);
  const failure: Failure = "value" in parsed ? ((parsed.value ?? {}) as unknown as Failure) : { code: "script.threw" };
  const because = readBecause(failure.because);
  const error = told(toFailed(failure, job, called, because?.retryable === true));
  return because === undefined ? error : { ...error, because };
}

function toFailed(failure: Failure, job: JobHead, called: string, retryable: boolean): MofaError {
  const script = job.name;
  const stack = false;
  const said = String(failure.message ?? "").slice(0, 500);
  switch (failure.code) {
    case "script.syntax":
      return fail(
        failure.code,
        { script, ...placeInMessage(said), reason: said.replace(/ ?\[[^[\]]*:\d+:\d+\]$/, "") },
        { stack },
      );
    case "script.imports_refused":
      return fail(failure.code, { script, specifier: said }, { stack });
    case "script.no_function":
      return fail(failure.code, { script, function: called }, { stack });
    case "script.bad_output":
      return fail(failure.code, { script, reason: said }, { stack });
    case "script.output_too_large":
      return fail(failure.code, { script, bytes: job.limits.output }, { stack });
    case "script.time_exceeded":
      return fail(failure.code, { script, ms: job.limits.time }, { stack });
    case "script.memory_exceeded":
      return fail(failure.code, { script, mib: job.limits.memory }, { stack });
    case "script.never_settles":
      return fail(failure.code, { script }, { stack });
    default: {
      const name = String(failure.name ?? "Error").slice(0, 100);
      const reason = name === "Error" ? said : `${name}: ${said}`;
      return fail(
        "script.threw",
        { script, ...placeInStack(String(failure.stack ?? ""), script), reason },
        { stack, retryable },
      );
    }
  }
}

function readBecause(because: unknown): ErrorJson | undefined {
  if (typeof because !== "object" || because === null) return undefined;
  const { code, message, retryable } = because as Record<string, unknown>;
  if (typeof code !== "string" || typeof message !== "string") return undefined;
  return { code: code.slice(0, 100), message: message.slice(0, 500), retryable: retryable === true };
}

type Place = { readonly line?: number; readonly column?: number };

// isolated-vm ends the message of a syntax error with [file:line:column].
function placeInMessage(message: string): Place {
  const found = /:(\d+):(\d+)\]$/.exec(message);
  return found === null ? {} : { line: Number(found[1]), column: Number(found[2]) };
}

function placeInStack(stack: string, script: string): Place {
  const start = stack.indexOf(`${script}:`);
  if (start < 0) return {};
  const found = /^(\d+):(\d+)/.exec(stack.slice(start + script.length + 1, start + script.length + 30));
  return found === null ? {} : { line: Number(found[1]), column: Number(found[2]) };
}

const told = (error: MofaError): ErrorJson => toErrorJson(error);
