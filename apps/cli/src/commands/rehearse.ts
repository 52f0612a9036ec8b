import { serveRehearsal } from "@mofa/sdk/llm/rehearsal";
import { listenForInterrupt } from "../interrupt.ts";
import { say } from "../say.ts";

export interface RehearseOptions {
  readonly port?: number;
  readonly seed?: number;
  /** A file that gets one JSON line for each finished request. */
  readonly log?: string;
}

/** Serves the rehearsal model as an OpenAI-compatible endpoint on loopback until Ctrl-C. */
export async function rehearse(options: RehearseOptions): Promise<number> {
  using interrupt = listenForInterrupt();
  await using server = await serveRehearsal(options);
  // The address alone on standard output, so that scripts can read it.
  process.stdout.write(`${server.url}\n`);
  say(`rehearsal model: deterministic, no real model. Use it with OPENAI_BASE_URL=${server.url}`);
  await interrupt.happened;
  return 0;
}
