// Listens for what ends a process: SIGINT, SIGTERM, and errors that nobody caught.
//
// 1. The first asks for an orderly end, which is whoever awaits `happened`'s to bring about. A second signal ends the
//    process at once; a second fault is logged, for an orderly end is on its way already.
// 2. After a fault nothing can be relied upon: where the orderly end takes longer than `faultGrace`, the process ends without it.
// 3. Disposed, it listens to nothing, has no timer, and the process does by itself again what it did before.
import { type Clock, type Log, systemClock, toErrorJson, toJson } from "@mofa/kernel";

export type StopSignal = "SIGINT" | "SIGTERM";

/** Why the process is to end. `code` is its exit code, unless an orderly end is what was wanted of it. */
export type EndReason =
  | { readonly why: "signal"; readonly signal: StopSignal; readonly code: 130 | 143 }
  | { readonly why: "fault"; readonly error: unknown; readonly code: typeof FAULT_CODE };

/** The exit code after an error that nobody caught: "internal software error" of sysexits. */
export const FAULT_CODE = 70;

/** What is listened to; by default this process. */
export interface SignalSource {
  on(name: string, listener: (value: unknown) => void): unknown;
  off(name: string, listener: (value: unknown) => void): unknown;
  exit(code: number): unknown;
}

export interface SignalOptions {
  /** Tells people what is happening. Default: a line to standard error. */
  readonly say?: (line: string) => void;
  /** Where what nobody caught is logged as a structured error; without one at that moment, it is said. */
  readonly log?: () => Log | undefined;
  /** Milliseconds that an orderly end may take after a fault. Default 5,000. */
  readonly faultGrace?: number;
  readonly clock?: Clock;
  readonly process?: SignalSource;
}

export interface SignalWatch extends Disposable {
  /** Resolves when the process is to end. */
  readonly happened: Promise<EndReason>;
}

const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Listens until disposed: the first signal or uncaught error asks to end, a second signal ends the process at once. */
export function watchSignals(options: SignalOptions = {}): SignalWatch {
  const { say = sayOnStderr, log, faultGrace = 5000, clock = systemClock, process: source = thisProcess } = options;
  const { promise: happened, resolve } = Promise.withResolvers<EndReason>();
  let first: EndReason | undefined;
  let clear = () => {};

  function signal(name: StopSignal): void {
    const code = CODES[name];
    if (first !== undefined) {
      say(`${name} again: stopping at once; what is in work is given up`);
      source.exit(code);
      return;
    }
    first = { why: "signal", signal: name, code };
    say(`${name}: ending in order; ${name === "SIGINT" ? "press Ctrl-C" : "send it"} again to stop at once`);
    resolve(first);
  }

  function fault(error: unknown, what: string): void {
    const again = first !== undefined;
    report(error, what, again);
    if (again) return;
    first = { why: "fault", error, code: FAULT_CODE };
    clear = clock.after(faultGrace, () => {
      say(`the end took longer than ${faultGrace} ms: stopping at once`);
      source.exit(FAULT_CODE);
    });
    resolve(first);
  }

  function report(error: unknown, what: string, again: boolean): void {
    const json = toErrorJson(error);
    const sentence = `${what}: ${json.message}`;
    const to = log?.();
    to?.error(sentence, { error: toJson(json), ...(error instanceof Error ? { stack: error.stack ?? "" } : {}) });
    if (to === undefined) say(`${sentence} [${json.code}]`);
    if (!again) say(`ending in order after ${what.charAt(0).toLowerCase()}${what.slice(1)}`);
  }

  const listeners: Readonly<Record<string, (value: unknown) => void>> = {
    SIGINT: () => signal("SIGINT"),
    SIGTERM: () => signal("SIGTERM"),
    uncaughtException: (error: unknown) => fault(error, "An error that nobody caught"),
    unhandledRejection: (reason: unknown) => fault(reason, "A rejected promise that nobody awaited"),
  };
  for (const [name, listener] of Object.entries(listeners)) source.on(name, listener);
  return {
    happened,
    [Symbol.dispose]() {
      clear();
      for (const [name, listener] of Object.entries(listeners)) source.off(name, listener);
    },
  };
}

const thisProcess: SignalSource = {
  on: (name, listener) => process.on(name, listener),
  off: (name, listener) => process.off(name, listener),
  exit: (code) => process.exit(code),
};

function sayOnStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
