import type { Call, NodeKind, NodeResult } from "@mofa/kernel";
import { fail } from "../errors.ts";

/** Where a node is done that has a queue. */
export interface Queued {
  /** For people. */
  readonly label: string;
  readonly queue: string;
  /** Milliseconds in which it must have ended, counted from when it is queued. */
  readonly timeout: number | undefined;
}

/** Does a node as a run of its own, when its queue lets it; outcome and output are that run's. */
export async function runQueued(
  kind: NodeKind,
  settings: unknown,
  { call, ...more }: Queued & { readonly call: Call },
) {
  const { label, queue, timeout } = more;
  const engine = call.find("engine");
  if (call.run === undefined || engine === undefined) throw fail("node.queue_needs_run", { node: label, queue });
  const run = await engine.start(kind, settings, { under: call, queue, ...(timeout !== undefined && { timeout }) });
  // What a node kind gives is what its run gives.
  return (await run.result()) as NodeResult;
}
