/**
 * Does work whose promise nobody may be awaiting when its run is dropped: that must not end the process. What it fails
 * with by itself is still told to whoever awaits it, or to nobody.
 */
export function spare<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const follow = async () => {
    try {
      return await work();
    } finally {
      signal.removeEventListener("abort", dropped);
    }
  };
  const promise = follow();
  function dropped(): void {
    promise.catch(() => {});
  }
  if (signal.aborted) dropped();
  else signal.addEventListener("abort", dropped, { once: true });
  return promise;
}
