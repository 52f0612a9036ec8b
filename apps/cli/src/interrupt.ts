export interface Interrupt extends Disposable {
  /** Resolves at the first Ctrl-C, or when the process is asked to end. */
  readonly happened: Promise<void>;
}

/** Listens for Ctrl-C until disposed: the first asks to end, the second ends at once. */
export function listenForInterrupt(): Interrupt {
  const { promise, resolve } = Promise.withResolvers<void>();
  let asked = false;
  const stop = (signal: NodeJS.Signals) => {
    if (asked) process.exit(signal === "SIGTERM" ? 143 : 130);
    asked = true;
    resolve();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return {
    happened: promise,
    [Symbol.dispose]() {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    },
  };
}
