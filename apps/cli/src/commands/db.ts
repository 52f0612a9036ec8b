import { resolve } from "node:path";
import { isMofaError, systemClock } from "@mofa/sdk";
import { type Admin, openAdmin, type Step } from "@mofa/sdk/persistence/admin";
import { fail } from "../errors.ts";
import { openProject } from "../project/config.ts";
import { databaseAt } from "../project/database.ts";
import type { Terminal } from "../terminal.ts";
import { type OldArguments, readOld } from "./db-old.ts";
import { bytes, countsOf, rowsOf, statusText } from "./db-text.ts";

/** Which database: that of the project in a folder, or the one named. */
export interface DbOptions {
  readonly folder: string;
  /** A file, the address of a server, or `env:NAME`: the variable that holds it. */
  readonly database?: string;
}

/** What may go, and whether it only is to be counted. */
export type PruneArguments = DbOptions & OldArguments & { readonly dry?: boolean };

/** Prints what is in a database. 1 when its tables are not of this version, else 0. */
export async function dbStatus(options: DbOptions & { readonly json?: boolean }, terminal: Terminal): Promise<number> {
  await using admin = await open(options, terminal);
  const status = await admin.status();
  terminal.print(
    options.json === true
      ? JSON.stringify({ schemaVersion: 1, ...status }, undefined, 2)
      : statusText(status, systemClock.now()),
  );
  return status.steps.every((step) => step.status === "applied") ? 0 : 1;
}

/** Brings the tables to this version, or prints the SQL that would. */
export async function dbMigrate(options: DbOptions & { readonly dry?: boolean }, terminal: Terminal): Promise<number> {
  const dry = options.dry === true;
  await using admin = await open(options, terminal, !dry);
  const steps = dry ? (await admin.steps()).filter(isMissing) : await admin.migrate();
  for (const { name, sql } of steps) {
    if (dry) terminal.print(`-- ${name}\n${sql.map((text) => `${text.trim().replace(/;$/u, "")};`).join("\n")}\n`);
    else terminal.print(`done  ${name}`);
  }
  if (steps.length === 0) terminal.say(`The tables of ${admin.file} are of this version; nothing to do.`);
  else if (dry) terminal.say(`${steps.length} step(s) would run on ${admin.file}; nothing was changed.`);
  return 0;
}

/** Writes a backup while others go on. */
export async function dbBackup(file: string, options: DbOptions, terminal: Terminal): Promise<number> {
  await using admin = await open(options, terminal);
  const { tables, bytes: size = 0 } = await admin.backup(resolve(file));
  if (tables.length > 0) terminal.print(rowsOf(tables));
  terminal.say(`${admin.file} is in ${file} (${bytes(size)}). Put it back with: mofa db restore ${file}`);
  return 0;
}

/** Puts a backup into a database, all or nothing. */
export async function dbRestore(
  file: string,
  options: DbOptions & { readonly force?: boolean },
  terminal: Terminal,
): Promise<number> {
  await using admin = await open(options, terminal, true);
  const { tables } = await admin.restore(resolve(file), { force: options.force === true });
  terminal.print(rowsOf(tables));
  terminal.say(`${file} is in ${admin.file}. Runs that were open go on when the project is started on it.`);
  return 0;
}

/** Deletes what is old. */
export async function dbPrune(options: PruneArguments, terminal: Terminal): Promise<number> {
  const { dry = false } = options;
  const old = readOld(options, systemClock.now());
  await using admin = await open(options, terminal);
  const pruned = await admin.prune({ ...old, dry });
  terminal.print(countsOf(pruned));
  terminal.say(
    dry
      ? `So many would be deleted from ${admin.file}; nothing was changed.`
      : `Deleted from ${admin.file}. The room is used again; "mofa db vacuum" gives it back to the disk.`,
  );
  return 0;
}

/** Gives room back. */
export async function dbVacuum(options: DbOptions, terminal: Terminal): Promise<number> {
  await using admin = await open(options, terminal);
  const { before, after } = await admin.vacuum();
  terminal.print(`before  ${bytes(before)}\nafter   ${bytes(after)}`);
  if (admin.kind === "postgres") terminal.say("PostgreSQL keeps the room that became free for new rows.");
  return 0;
}

function isMissing({ status }: Step): boolean {
  return status === "missing" || status === "partly";
}

async function open({ folder, database }: DbOptions, terminal: Terminal, create = false): Promise<Admin> {
  const at = database === undefined ? await ofProject(folder, terminal) : named(database);
  if (/^\w+:\/\//u.test(at)) terminal.secrets.add("database", at);
  return await openAdmin({ at, create });
}

function named(database: string): string {
  const [, name] = /^env:(\w+)$/u.exec(database) ?? [];
  if (name === undefined) return database;
  const value = process.env[name];
  if (value === undefined || value === "") throw fail("usage.no_variable", { name });
  return value;
}

async function ofProject(folder: string, { secrets }: Terminal): Promise<string> {
  try {
    return databaseAt(await openProject(folder, process.env, secrets));
  } catch (cause) {
    if (isMofaError(cause, "config.not_found")) throw fail("usage.no_database", { folder: resolve(folder) }, { cause });
    throw cause;
  }
}
