// Writes log lines with pino.
//
// 1. A line is written when it is told: nothing waits in memory when the process dies.
// 2. A reader who goes away ends the log, never the work.
import { createSecrets, type LogEntry, type LogLevel, type Secrets } from "@mofa/kernel";
import pino, { type DestinationStream } from "pino";
import { fail } from "../errors.ts";

export interface PinoLogOptions {
  /** The least important lines that are written. Default "info". */
  readonly level?: LogLevel;
  /** Text for people instead of JSON. Default false. */
  readonly pretty?: boolean;
  /** A file descriptor, the path of a file, or what takes lines. Default: standard error. */
  readonly destination?: number | string | { write(line: string): void };
  /** Values to hide. A kernel has done so already with its own; give them where there is none. */
  readonly secrets?: Secrets;
}

/** Takes log entries: what `createKernel({ log })` wants. */
export interface PinoLog extends Disposable {
  (entry: LogEntry): void;
  /** Lets go of the file; what comes later is not written. */
  close(): void;
}

interface Destination extends DestinationStream {
  end?(): void;
}

/** Structured logs: one JSON line each, with `level`, `time`, `from`, `msg`, and `data` and `trace` where there are. */
export function pinoLog(options: PinoLogOptions = {}): PinoLog {
  const { level = "info", pretty = false, destination = 2, secrets = createSecrets() } = options;
  const target: Destination = typeof destination === "object" ? destination : openDestination(destination);
  let open = true;
  // Only asked for its levels where the lines are text.
  const logger = pino(
    { level, base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } },
    target,
  );
  const write = (told: LogEntry) => {
    if (!open || !logger.isLevelEnabled(told.level)) return;
    const entry = secrets.redact(told);
    if (pretty) return target.write(toText(entry));
    const { at, level: of, from, message, data, trace } = entry;
    // pino leaves out what is undefined.
    logger[of]({ time: at, from, data, trace }, message);
  };
  const close = () => {
    if (!open) return;
    open = false;
    if (target !== destination) target.end?.();
  };
  return Object.assign(write, { close, [Symbol.dispose]: close });
}

function openDestination(destination: number | string): Destination {
  try {
    const file = pino.destination({ dest: destination, sync: true });
    // Nobody reads any more: there is nowhere to say it, and the work must go on.
    file.on("error", () => file.destroy());
    return file;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw fail("log.cannot_open", { destination: String(destination), reason }, { cause });
  }
}

function toText({ at, level, from, message, data }: LogEntry): string {
  const beside = data === undefined ? "" : ` ${JSON.stringify(data)}`;
  return `${new Date(at).toISOString()} ${level} ${from}: ${message}${beside}\n`;
}
