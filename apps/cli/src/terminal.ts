import type { Secrets } from "@mofa/sdk";

/** Where the command speaks. No secret leaves by it. */
export interface Terminal {
  readonly secrets: Secrets;
  /** Tells people something, on standard error. */
  say(line: string): void;
  /** Prints a result, on standard output. */
  print(text: string): void;
}

/** The terminal of this process, for the secrets that are known by the time it speaks. */
export function createTerminal(secrets: Secrets): Terminal {
  return {
    secrets,
    say: (line) => void process.stderr.write(`${secrets.redact(line)}\n`),
    print: (text) => void process.stdout.write(`${secrets.redact(text)}\n`),
  };
}
