import type { Clock } from "@mofa/kernel";

// Rejects with the reason of the signal when it fires first; leaves no timer and no listener.
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** Waits until the signal fires, then rejects with its reason. */
export function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Tells pieces one by one, at a rate where there is one. */
export async function tellPieces(
  pieces: readonly string[],
  tell: (piece: string) => void | Promise<void>,
  {
    clock,
    signal,
    tokensPerSecond,
  }: { readonly clock: Clock; readonly signal: AbortSignal; readonly tokensPerSecond: number | undefined },
): Promise<void> {
  for (const piece of pieces) {
    if (tokensPerSecond === undefined) signal.throwIfAborted();
    else await pause(clock, 1000 / tokensPerSecond, signal);
    await tell(piece);
  }
}
