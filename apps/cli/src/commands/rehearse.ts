import { serveRehearsal } from "@mofa/sdk/llm/rehearsal";
import { watchSignals } from "@mofa/sdk/runtime";
import type { Terminal } from "../terminal.ts";

export interface RehearseOptions {
  readonly port?: number;
  readonly seed?: number;
  /** A file that gets one JSON line for each finished request. */
  readonly log?: string;
}

/** Serves the rehearsal model as an OpenAI-compatible endpoint on loopback until Ctrl-C. */
export async function rehearse(options: RehearseOptions, { say, print }: Terminal): Promise<number> {
  using signals = watchSignals({ say });
  await using server = await serveRehearsal(options);
  // The address alone on standard output, so that scripts can read it.
  print(server.url);
  say(`rehearsal model: deterministic, no real model. Use it with OPENAI_BASE_URL=${server.url}`);
  const reason = await signals.happened;
  return reason.why === "signal" ? 0 : reason.code;
}
