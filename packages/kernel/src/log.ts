import type { JsonObject } from "./json.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** One line of a log: a sentence and plain data beside it. */
export interface LogEntry {
  readonly at: number;
  readonly level: LogLevel;
  readonly from: string;
  readonly message: string;
  readonly data?: JsonObject;
  /** The trace of the call that speaks; absent outside any call. */
  readonly trace?: string;
}

/** Writes log lines; whoever holds it needs to know nothing of where they go. */
export interface Log {
  debug(message: string, data?: JsonObject): void;
  info(message: string, data?: JsonObject): void;
  warn(message: string, data?: JsonObject): void;
  error(message: string, data?: JsonObject): void;
}

/** Makes the log of one speaker; `write` decides where lines go. */
export function createLog(from: string, write: (entry: LogEntry) => void, now: () => number): Log {
  const at = (level: LogLevel) => (message: string, data?: JsonObject) =>
    write(data === undefined ? { at: now(), level, from, message } : { at: now(), level, from, message, data });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
