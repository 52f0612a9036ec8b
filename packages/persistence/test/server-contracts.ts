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
import { afterAll, beforeAll, describe, test } from "vitest";
import type { Server } from "../src/server/open.ts";
import { describeOn, type Kind, type Site } from "./servers.ts";

const lexical = lexicalEmbedder();
const embedder = () => lexical;

/** Holds a server to everything that a store, sessions, a memory and a journal promise. */
export async function contractsOn(kind: Kind): Promise<void> {
  await describeOn(kind, `on ${kind.name}`, () => {
    let site: Site;
    beforeAll(async () => {
      site = await kind.site();
      await site.sql("CREATE TABLE stock (id varchar(100) PRIMARY KEY, n int)");
    });
    afterAll(() => site[Symbol.asyncDispose]());

    runAll("the store", storeContract, (opened) => opened.store);
    runAll("the sessions", sessionContract, (opened) => opened.session);
    runAll("the memory", memoryContract, (opened) => opened.memory);
    runAll("the journal", journalContract, (opened) => opened.journal);
    runAll("the writes of a journal", journalWrites, ({ journal, store }) => ({ journal, store, table: "stock" }));

    function runAll<Thing>(title: string, contracts: readonly Contract<Thing>[], choose: (opened: Server) => Thing) {
      describe(title, () => {
        test.each(contracts)("$name", ({ run }) => run(() => open(choose)));
      });
    }

    async function open<Thing>(choose: (opened: Server) => Thing) {
      const clock = fakeClock();
      const first = await site.open({ clock, embedder });
      const opened = [first];
      return {
        thing: choose(first),
        clock,
        async reopen() {
          const next = await site.open({ clock, embedder });
          opened.push(next);
          return choose(next);
        },
        async [Symbol.asyncDispose]() {
          for (const one of opened) await one.close();
          await site.clear();
          await site.sql("DELETE FROM stock");
        },
      };
    }
  });
}
