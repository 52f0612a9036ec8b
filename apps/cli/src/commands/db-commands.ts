import { type Command, InvalidArgumentError } from "commander";
import type { Terminal } from "../terminal.ts";
import type { OldArguments } from "./db-old.ts";

interface Named {
  readonly database?: string;
}

// What is deleted when it is old, beside runs.
const OLD = [
  ["sessions", "ids", "so many of those that were changed last stay"],
  ["facts", "namespaces", "so many of those that were remembered last stay, in each namespace"],
  ["documents", "ids (must be said)", "so many of those that were changed last stay"],
] as const;

const whole = (value: string) => {
  if (!/^\d+$/u.test(value)) throw new InvalidArgumentError("Give a whole number.");
  return Number(value);
};

/** Adds `mofa db …`. What a command does is loaded when it runs. */
export function addDbCommands(program: Command, terminal: Terminal): void {
  const db = program
    .command("db")
    .description("look after the database of a project: its state, its version, backups, what is old")
    .addHelpText(
      "after",
      "\nExamples:\n  $ mofa db status my-project\n  $ mofa db backup monday.jsonl.gz my-project\n  $ mofa db restore monday.jsonl.gz --database env:DATABASE_URL\n  $ mofa db prune my-project --older-than 30d --dry\n",
    );
  const command = (name: string, description: string) => {
    const made = db.command(name).description(description);
    if (name === "backup" || name === "restore") made.argument("<file>", "the backup");
    return made
      .argument("[folder]", "the folder with mofa.config.yaml", ".")
      .option("--database <address>", "another database: a file, an address, or env:NAME of a variable that holds it");
  };
  const load = () => import("./db.ts");

  command("status", "print its version and size, and what is in it")
    .option("--json", "print it as JSON")
    .action(async (folder: string, options: Named & { json?: boolean }) => {
      process.exitCode = await (await load()).dbStatus({ folder, ...options }, terminal);
    });
  command("migrate", "bring its tables to this version")
    .option("--dry", "print the SQL and change nothing")
    .action(async (folder: string, options: Named & { dry?: boolean }) => {
      process.exitCode = await (await load()).dbMigrate({ folder, ...options }, terminal);
    });
  command(
    "backup",
    "write all of it to a file while the project is at work (.jsonl, .jsonl.gz; .sqlite for a copy)",
  ).action(async (file: string, folder: string, options: Named) => {
    process.exitCode = await (await load()).dbBackup(file, { folder, ...options }, terminal);
  });
  command("restore", "put a backup into an empty database of any kind, all or nothing")
    .option("--force", "delete what is there")
    .action(async (file: string, folder: string, options: Named & { force?: boolean }) => {
      process.exitCode = await (await load()).dbRestore(file, { folder, ...options }, terminal);
    });
  const prune = command("prune", "delete what is old: runs that have ended, sessions, facts, documents")
    .option("--older-than <age>", "runs that ended longer ago: 30d, 12h")
    .option("--keep <count>", "so many of the runs that ended last stay", whole);
  for (const [what, ids, stay] of OLD) {
    prune
      .option(`--${what}-older-than <age>`, `${what} that were last changed longer ago`)
      .option(`--${what}-keep <count>`, stay, whole)
      .option(`--${what}-prefix <text>`, `only of ${ids} that begin with it`);
  }
  prune
    .option("--dry", "only say how much would go")
    .action(async (folder: string, options: Named & OldArguments & { dry?: boolean }) => {
      process.exitCode = await (await load()).dbPrune({ folder, ...options }, terminal);
    });
  command("vacuum", "give room back to the disk").action(async (folder: string, options: Named) => {
    process.exitCode = await (await load()).dbVacuum({ folder, ...options }, terminal);
  });
}
