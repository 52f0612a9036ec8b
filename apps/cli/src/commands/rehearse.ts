import { serveRehearsal } from "@mofa/sdk/llm/rehearsal";
import { untilInterrupted } from "../interrupt.ts";
import { say } from "../say.ts";

export interface RehearseOptions {
  readonly port?: number;
  readonly seed?: number;
  /** A file that gets one JSON line for each finished request. */
  readonly log?: string;
}

/** Serves the rehearsal model as an OpenAI-compatible endpoint on loopback until Ctrl-C. */
export async function rehearse(options: RehearseOptions): Promise<number> {
  const server = await serveRehearsal(options);
  // The address alone on standard output, so that scripts can read it.
  process.stdout.write(`${server.url}\n`);
  say(`rehearsal model: deterministic, no real model. Use it with OPENAI_BASE_URL=${server.url}`);
  const { signal } = untilInterrupted();
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await server.close();
  return 0;
}
