import { lexicalEmbedder } from "@mofa/kernel";
import {
  type Contract,
  fakeClock,
  journalContract,
  journalWrites,
  memoryContract,
  sessionContract,
  storeContract,
} from "@mofa/kernel/testing";
import Driver from "better-sqlite3";
import { describe, test } from "vitest";
import { openSqlite, type Sqlite } from "../src/sqlite/index.ts";
import { temporaryFolder } from "./folder.ts";

function runAll<Thing>(title: string, contracts: readonly Contract<Thing>[], choose: (opened: Sqlite) => Thing) {
  describe(title, () => {
    test.each(contracts)("$name", ({ run }) => run(() => open(choose)));
  });
}

const lexical = lexicalEmbedder();
const embedder = () => lexical;

async function open<Thing>(choose: (opened: Sqlite) => Thing, prepare?: (file: string) => void) {
  const folder = temporaryFolder();
  prepare?.(folder.at("mofa.db"));
  const clock = fakeClock();
  const options = { file: folder.at("mofa.db"), durability: "relaxed" as const };
  const opened = [await openSqlite(options, { clock, embedder })];
  return {
    thing: choose(opened[0] as Sqlite),
    clock,
    async reopen() {
      opened.push(await openSqlite(options, { clock, embedder }));
      return choose(opened.at(-1) as Sqlite);
    },
    async [Symbol.asyncDispose]() {
      for (const one of opened) one.close();
      folder[Symbol.dispose]();
    },
  };
}

runAll("the store in an SQLite file", storeContract, (opened) => opened.store);
runAll("the sessions in an SQLite file", sessionContract, (opened) => opened.session);
runAll("the memory in an SQLite file", memoryContract, (opened) => opened.memory);
runAll("the journal in an SQLite file", journalContract, (opened) => opened.journal);

describe("the writes of a journal in an SQLite file", () => {
  const makeTable = (file: string) => {
    const own = new Driver(file);
    own.exec("CREATE TABLE stock (id TEXT PRIMARY KEY, n INTEGER)");
    own.close();
  };
  const beside = ({ journal, store }: Sqlite) => ({ journal, store, table: "stock" });
  test.each(journalWrites)("$name", ({ run }) => run(() => open(beside, makeTable)));
});
