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
  "database.not_migrated": (d: { file: string; missing: number }) =>
    `The tables of "${d.file}" lack ${d.missing} change(s) of this version, and they are not to be made without being asked for. Nothing was changed. Run "mofa db migrate", or open it without migrate: "manual".`,
  "database.no_file": (d: { file: string }) =>
    `There is no database file "${d.file}". It is made when it is opened for the first time ("mofa start", "mofa db migrate"); or correct the path.`,
  "backup.file_there": (d: { file: string }) =>
    `The file "${d.file}" is there already and is left as it is. Name another one for the backup.`,
  "backup.not_written": (d: { file: string; reason: string }) =>
    `The backup "${d.file}" could not be written: ${d.reason}. Nothing of it is left; name a file in a folder where there is room and where you may write.`,
  "backup.not_read": (d: { file: string; reason: string }) =>
    `The backup "${d.file}" could not be read: ${d.reason}. The database is as it was.`,
  "backup.not_one": (d: { file: string }) =>
    `"${d.file}" is not a backup that "mofa db backup" made. The database is as it was; name another file.`,
  "backup.newer": (d: { file: string; what: string }) =>
    `The backup "${d.file}" was made by a newer version of @mofa/persistence: this one does not know ${d.what}. The database is as it was. Upgrade @mofa/persistence.`,
  "backup.broken": (d: { file: string; reason: string }) =>
    `The backup "${d.file}" is not what was written: ${d.reason}. The database is as it was; take another copy of the backup.`,
  "backup.not_empty": (d: { file: string; there: string }) =>
    `The database "${d.file}" is not empty: it has ${d.there}. Nothing was changed. Name an empty one, or say --force to delete what is there.`,
  "backup.only_sqlite": (d: { file: string; database: string }) =>
    `"${d.file}" would be a copy of an SQLite file, and "${d.database}" is none. Name a file that ends in .jsonl.gz instead; it can be restored into any database.`,
  "database.upgrade_failed": (d: { file: string; step: string; reason: string }) =>
    `The database "${d.file}" could not be upgraded: the step "${d.step}" failed: ${d.reason}. It is as it was before.`,
  "database.upgrade_broke_off": (d: { file: string; step: string; reason: string }) =>
    `The database "${d.file}" was upgraded in part: the step "${d.step}" failed: ${d.reason}. Remove the cause and open it again; the upgrade goes on where it broke off.`,
  "database.no_migrations": (d: { folder: string }) =>
    `The migrations of @mofa/persistence are not at "${d.folder}". When you bundle your program, leave @mofa/persistence out of the bundle.`,
  "database.read_only": (d: { file: string }) =>
    `The database "${d.file}" can only be read: nothing was written. Make it writable (a file together with its folder; of a cluster, name the primary), or open it without readOnly.`,
  "database.full": (d: { file: string }) =>
    `There is no room to write to "${d.file}": the disk or the database's size limit is full. Nothing was written; make room and try again.`,
  "database.locked": (d: { file: string; ms: number }) =>
    `The database "${d.file}" was locked by another program for more than ${d.ms} ms. Nothing was written; try again, or end the other program.`,
  "database.io_failed": (d: { file: string; reason: string }) =>
    `Reading or writing "${d.file}" failed: ${d.reason}. Check the disk; what was acknowledged before is safe.`,
  "database.bad_url": (d: { name: string; reason: string; example: string }) =>
    `The address given to ${d.name}() cannot be used: ${d.reason}. Give one such as "${d.example}".`,
  "database.bad_scheme": (d: { scheme: string; nearest?: string | undefined }) =>
    `The address of the database begins with "${d.scheme}://", which no database here has.${d.nearest === undefined ? "" : ` Did you mean "${d.nearest}://"?`} Write postgres://…, mysql://… or mariadb://…, or the path of a file.`,
  "database.bad_schema": (d: { file: string; schema: string }) =>
    `"${d.schema}" cannot be the schema of the tables in "${d.file}". Use small letters, digits and underscores, beginning with a letter.`,
  "database.unreachable": (d: { file: string; reason: string }) =>
    `The database server of "${d.file}" could not be reached: ${d.reason}. Nothing was written. Check that it runs, and that host and port are right.`,
  "database.access_denied": (d: { file: string; user: string; reason: string }) =>
    `The database "${d.file}" did not let the user "${d.user}" in: ${d.reason}. Check the name and the password, and what the server allows.`,
  "database.bad_certificate": (d: { file: string; reason: string }) =>
    `The certificates that were given for "${d.file}" cannot be used: ${d.reason}. Give ca, cert and key as the text of PEM files, cert and key together.`,
  "database.not_trusted": (d: { file: string; reason: string }) =>
    `The server of "${d.file}" did not prove who it is: ${d.reason}. Nothing was sent to it. Give the certificate of who signed its own as tls: { ca }, and the name in it as tls: { servername } if it is not the host of the address.`,
  "database.not_encrypted": (d: { file: string; reason: string }) =>
    `The server of "${d.file}" does not encrypt connections, and this one is to be: ${d.reason}. Nothing was sent to it. Give the server a certificate, or leave out tls and sslmode where the network is safe.`,
  "database.not_allowed": (d: { file: string; reason: string }) =>
    `The database "${d.file}" does not allow this: ${d.reason}. Give the user the right to use the tables, and to make them when they are new.`,
  "database.not_found": (d: { file: string; reason: string }) =>
    `There is no database "${d.file}": ${d.reason}. Create it first, or correct the name at the end of the address.`,
  "database.too_old": (d: { file: string; found: string; least: string }) =>
    `The server of "${d.file}" is ${d.found}, and at least ${d.least} is needed. Upgrade the server.`,
  "database.bad_encoding": (d: { file: string; found: string }) =>
    `The database "${d.file}" keeps text as ${d.found}, which cannot hold every sign. Create it with the encoding UTF8.`,
  "database.connection_lost": (d: { file: string; reason: string }) =>
    `The connection to "${d.file}" was lost: ${d.reason}. What was being written may be there or not; look before you write it again.`,
  "database.deadlock": (d: { file: string; reason: string }) =>
    `The database "${d.file}" took a transaction back again and again, because others were in its way: ${d.reason}. Nothing of it was written; try again.`,
  "database.timed_out": (d: { file: string; ms: number }) =>
    `The database "${d.file}" took more than ${d.ms} ms over one statement, which was stopped. Nothing of it was written. Raise statementTimeout, or look what keeps the server busy.`,
  "database.duplicate": (d: { file: string; reason: string }) =>
    `The database "${d.file}" has another row under the same key: ${d.reason}. Nothing was written; try again.`,
  "database.too_long": (d: { file: string; reason: string }) =>
    `A value is longer than the database "${d.file}" can keep in its place: ${d.reason}. Nothing was written. Shorten ids and names to 512 characters, and keep large data elsewhere.`,
  "database.closed": (d: { file: string }) => `The database "${d.file}" is closed. Open it again.`,
  "database.failed": (d: { file: string; reason: string }) => `The database "${d.file}" refused: ${d.reason}`,
  "memory.no_vector_search": (d: { file: string; what: string }) =>
    `The database "${d.file}" was to look for vectors itself, and that needs ${d.what}. See to that, or let vectorSearch be "auto" or "process".`,
  "run.unreadable": (d: { file: string; run: string; what: string; reason: string }) =>
    `The run "${d.run}" in "${d.file}" cannot be read: its ${d.what} ${d.reason}. Other runs are untouched. Restore the database from a backup, or start the run anew under another id.`,
  "write.rows_differ": (d: { text: string; expected: number; found: number }) =>
    `The statement "${d.text}" changed ${d.found} row(s) where ${d.expected} were expected. Nothing of its step was kept. Look at what is in the table, or correct the statement.`,
  "write.value_missing": (d: { text: string; name: string }) =>
    `The statement "${d.text}" has the place ":${d.name}", and no value of that name was given. Nothing of its step was kept; give one (null is a value).`,
  "write.not_a_change": (d: { text: string }) =>
    `The statement "${d.text}" cannot be a write of a step. Use one INSERT, UPDATE or DELETE that gives no rows back.`,
  "run.too_long": (d: { run: string; most: number }) =>
    `The run "${d.run}" cannot have more than ${d.most} rows. Split it into several runs.`,
  "session.too_long": (d: { id: string; most: number }) =>
    `The session "${d.id}" cannot have more than ${d.most} entries. Begin a new one.`,
});
