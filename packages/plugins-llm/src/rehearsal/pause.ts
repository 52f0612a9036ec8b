import { type Clock, sleep } from "@mofa/kernel";

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
    else await sleep(clock, 1000 / tokensPerSecond, signal);
    await tell(piece);
  }
}
