import { defineErrors } from "@mofa/kernel";

/** What can go wrong with a database: code → what happened, to which file, and what to do now. */
export const fail = defineErrors({
  "database.driver_missing": (d: { driver: string; file: string }) =>
    `To open "${d.file}" the package "${d.driver}" is needed, and it could not be loaded. Install it beside @mofa/persistence: npm install ${d.driver}`,
  "database.bad_file": (d: { file: string }) =>
    `"${d.file}" cannot be the name of a database file. Give a path such as "./mofa.db", or ":memory:".`,
  "database.is_directory": (d: { file: string }) =>
    `"${d.file}" is a directory, not a database file. Name a file inside it, such as "${d.file}/mofa.db".`,
  "database.not_opened": (d: { file: string; reason: string }) =>
    `The database "${d.file}" could not be opened: ${d.reason}. Check that its folder exists, and that you may write there.`,
  "database.corrupt": (d: { file: string; reason: string }) =>
    `The file "${d.file}" is not a sound SQLite database: ${d.reason}. Nothing was changed. Restore it from a backup, or try "sqlite3 FILE .recover".`,
  "database.newer": (d: { file: string; unknown: number }) =>
    `The database "${d.file}" was made by a newer version of @mofa/persistence (${d.unknown} unknown change(s)). Nothing was changed. Upgrade @mofa/persistence.`,
  "database.older": (d: { file: string; missing: number }) =>
    `The database "${d.file}" is of an older version (${d.missing} change(s) are missing), and it was opened read-only, so it cannot be upgraded. Open it once for writing.`,
  "database.upgrade_failed": (d: { file: string; step: string; reason: string }) =>
    `The database "${d.file}" could not be upgraded: the step "${d.step}" failed: ${d.reason}. It is as it was before.`,
  "database.no_migrations": (d: { folder: string }) =>
    `The migrations of @mofa/persistence are not at "${d.folder}". When you bundle your program, leave @mofa/persistence out of the bundle.`,
  "database.read_only": (d: { file: string }) =>
    `The database "${d.file}" can only be read: nothing was written. Make the file and its folder writable, or open it without readOnly.`,
  "database.full": (d: { file: string }) =>
    `There is no room to write to "${d.file}": the disk or the database's size limit is full. Nothing was written; make room and try again.`,
  "database.locked": (d: { file: string; ms: number }) =>
    `The database "${d.file}" was locked by another program for more than ${d.ms} ms. Nothing was written; try again, or end the other program.`,
  "database.io_failed": (d: { file: string; reason: string }) =>
    `Reading or writing "${d.file}" failed: ${d.reason}. Check the disk; what was acknowledged before is safe.`,
  "database.closed": (d: { file: string }) => `The database "${d.file}" is closed. Open it again.`,
  "database.failed": (d: { file: string; reason: string }) => `The database "${d.file}" refused: ${d.reason}`,
  "run.too_long": (d: { run: string; most: number }) =>
    `The run "${d.run}" cannot have more than ${d.most} rows. Split it into several runs.`,
  "session.too_long": (d: { id: string; most: number }) =>
    `The session "${d.id}" cannot have more than ${d.most} entries. Begin a new one.`,
});
