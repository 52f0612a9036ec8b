import type { Kernel } from "@mofa/kernel/host";
import { type SignalOptions, watchSignals } from "./watch-signals.ts";

export interface UntilSignalOptions extends SignalOptions {
  /** Milliseconds that work in flight gets to finish after a signal. Default 10,000; after a fault it gets none. */
  readonly grace?: number;
}

const GRACE = 10_000;

/**
 * Keeps a kernel at work until the process is told to end, then ends it in order. Gives the exit code: 0 after an
 * orderly end, 70 after an error that nobody caught. A second signal ends the process at once, with 130 or 143.
 */
export async function untilSignal(
  kernel: Pick<Kernel, "end" | "log">,
  options: UntilSignalOptions = {},
): Promise<number> {
  using signals = watchSignals({ log: () => kernel.log, ...options });
  const reason = await signals.happened;
  await kernel.end({ grace: reason.why === "signal" ? (options.grace ?? GRACE) : 0 });
  return reason.why === "signal" ? 0 : reason.code;
}
