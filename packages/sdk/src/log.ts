import type { LogEntry, LogLevel } from "@mofa/kernel";

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Writes log lines as text to standard error, from a level on. */
export function stderrLog(level: LogLevel = "warn"): (entry: LogEntry) => void {
  return (entry) => {
    if (RANK[entry.level] < RANK[level]) return;
    const data = entry.data === undefined ? "" : ` ${JSON.stringify(entry.data)}`;
    process.stderr.write(`${new Date(entry.at).toISOString()} ${entry.level} ${entry.from}: ${entry.message}${data}\n`);
  };
}
