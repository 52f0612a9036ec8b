import { type ErrorJson, isMofaError, toErrorJson } from "@mofa/sdk";
import type { Terminal } from "./terminal.ts";

/** 1 the work failed, 3 configuration, 4 something cannot be reached, 5 not found. */
export function exitCode(error: unknown): number {
  if (!isMofaError(error)) return 1;
  const code = rootOf(toErrorJson(error)).code;
  if (/^(config|secret|log|workflow|plugin|manifest|module)\./u.test(code)) return 3;
  if (code.startsWith("gateway.") || code.startsWith("database.")) return 4;
  return code.endsWith("not_found") || code === "project.no_file" ? 5 : 1;
}

/** Says an error as a sentence, its code, and what caused it, without a stack. */
export function sayError(error: unknown, { say }: Terminal): void {
  const json = toErrorJson(error);
  say(`mofa: ${json.message} [${json.code}]`);
  for (let because = json.because; because !== undefined; because = because.because) {
    if (!json.message.includes(because.message)) say(`  because: ${because.message} [${because.code}]`);
  }
  if (process.env["MOFA_DEBUG"] !== undefined && error instanceof Error) say(error.stack ?? "");
}

function rootOf(error: ErrorJson): ErrorJson {
  return error.because === undefined || error.code !== "plugin.setup_failed" ? error : rootOf(error.because);
}
