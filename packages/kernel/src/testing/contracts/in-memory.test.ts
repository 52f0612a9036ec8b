import { describe, expect, test } from "vitest";
import { isMofaError } from "../../error.ts";
import { inMemoryJournal } from "../../kinds/in-memory-journal.ts";
import { inMemoryMemory } from "../../kinds/in-memory-memory.ts";
import { inMemorySession } from "../../kinds/in-memory-session.ts";
import { type InMemoryOptions, inMemoryStore } from "../../kinds/in-memory-store.ts";
import { lexicalEmbedder } from "../../kinds/lexical-embedder.ts";
import { fakeClock } from "../clock.ts";
import type { Contract } from "./contract.ts";
import { journalContract, memoryContract, sessionContract, storeContract } from "./index.ts";
import { ann, draftAppend, draftRun } from "./journal-drafts.ts";

const lexical = lexicalEmbedder();

function runAll<Thing>(
  title: string,
  contracts: readonly Contract<Thing>[],
  make: (options: InMemoryOptions) => Thing,
) {
  describe(title, () => {
    test.each(contracts)("$name", ({ run }) =>
      run(async () => {
        const clock = fakeClock();
        return { thing: make({ clock }), clock, [Symbol.asyncDispose]: async () => {} };
      }),
    );
  });
}

runAll("in-memory store", storeContract, inMemoryStore);
runAll("in-memory session", sessionContract, inMemorySession);
runAll("in-memory memory", memoryContract, ({ clock }) => inMemoryMemory({ clock, embedder: () => lexical }));
runAll("in-memory journal", journalContract, inMemoryJournal);

test("a contract that is broken names itself, the place and both values", async () => {
  const forgetful = () => {
    const clock = fakeClock();
    const store = { ...inMemoryStore({ clock }), get: async () => undefined };
    return Promise.resolve({ thing: store, clock, [Symbol.asyncDispose]: async () => {} });
  };
  const error: unknown = await storeContract[0]?.run(forgetful).catch((thrown: unknown) => thrown);
  expect(isMofaError(error, "testing.contract_broken") && error.message).toContain(
    "get gives what put gave. At $ it must be {",
  );
});

test("the name can be chosen", () => {
  const options = { clock: fakeClock(), name: "scratch" };
  const things = [inMemoryStore, inMemorySession, inMemoryMemory, inMemoryJournal].map((make) => make(options).name);
  expect(things).toEqual(["scratch", "scratch", "scratch", "scratch"]);
});

test("the in-memory journal writes nothing beside its runs, and says so", async () => {
  const journal = inMemoryJournal({ clock: fakeClock() });
  const { run } = await journal.create(draftRun("r"), ann);
  const writes = [{ type: "put" as const, id: "a", body: 1 }];
  const [outcome] = await journal.append([draftAppend(run, 0, ["a"], { writes })]);
  expect(outcome).toMatchObject({ refused: { code: "journal.no_writes" } });
  expect([await journal.rows("r"), journal.transactional]).toEqual([[], undefined]);
});
