import type { Secrets } from "@mofa/kernel";
import type { Environment } from "../config/environment.ts";

const WORDS = /(^|_)(API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)(_|$)/iu;
// Values that stand in texts by chance: hiding them would make everything else unreadable.
const COMMON = /^(.{0,3}|\d{1,5}|true|false|null|none|empty|test|dummy|unused|default|local|ollama)$/iu;

/** Says whether the name of a variable says that its value is a secret. */
export function looksSecret(variable: string): boolean {
  return WORDS.test(variable);
}

/** Hides the values of those variables whose names say that they are secrets. */
export function hideVariables(variables: Iterable<string>, env: Environment, secrets: Secrets): void {
  for (const variable of variables) {
    const value = env[variable];
    if (value !== undefined && looksSecret(variable) && !COMMON.test(value)) secrets.add(variable, value);
  }
}
