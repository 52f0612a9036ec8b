import type { Memory, MemoryQuery } from "../../kinds/memory.ts";
import { equal, holds, refuses } from "../expect.ts";
import { type Contract, type Opened, second } from "./contract.ts";

const FACTS = [
  { id: "move", text: "Ann moved from Bergen to Oslo in spring.", meta: { topic: "home", year: 2025 } },
  { id: "invoices", text: "Invoices are to be addressed to the accounting department.", meta: { topic: "money" } },
  { id: "allergy", text: "She is allergic to peanuts and shellfish.", meta: { topic: "health" } },
  { id: "rent", text: "The rent in Oslo is due on the first of the month.", meta: { topic: "money", year: 2025 } },
] as const;

/** Searching by vectors, by both, and with filters. */
export const nearnessCases: readonly Contract<Memory>[] = [
  {
    name: "vectors find what words do not: another ending, a typing mistake",
    async run(open) {
      await using opened = await open();
      await rememberFour(opened);
      for (const [text, id] of [
        ["adressing an invoce", "invoices"],
        ["peanut allergies", "allergy"],
      ] as const) {
        const query = { namespace: "n", text };
        equal(await opened.thing.search({ ...query, mode: "words" }), [], `no word of "${text}" is there`);
        const [first] = await opened.thing.search({ ...query, mode: "vectors" });
        equal([first?.id, first?.why], [id, { vectors: 1 }], `"${text}" is near it`);
        holds((first?.score ?? 0) > 0 && (first?.score ?? 2) <= 1, "the score is a cosine");
        equal((await opened.thing.search(query))[0]?.id, id, "with an embedder both ways are the default");
      }
    },
  },
  {
    name: "a hybrid search fuses ranks and says them: what is first in both lists scores 2 / 61",
    async run(open) {
      await using opened = await open();
      await rememberFour(opened);
      const found = await opened.thing.search({ namespace: "n", text: "When is the rent due?", mode: "hybrid" });
      equal([found[0]?.id, found[0]?.why], ["rent", { words: 1, vectors: 1 }], "it is first in both");
      for (const { id, score, why } of found) {
        const sum = Object.values(why).reduce((total, rank) => total + 1 / (60 + rank), 0);
        holds(Math.abs(score - sum) < 1e-12, `the score of "${id}" is the sum of its shares`);
      }
      holds(
        found.every((fact, at) => fact.score <= (found[at - 1]?.score ?? Infinity)),
        "scores fall",
      );
    },
  },
  {
    name: "a filter leaves out before the limit cuts, whichever way is searched",
    async run(open) {
      await using opened = await open();
      await rememberFour(opened);
      const ids = async (query: Omit<MemoryQuery, "namespace" | "text">) =>
        (await opened.thing.search({ namespace: "n", text: "Oslo in spring", ...query })).map((fact) => fact.id);
      for (const mode of ["words", "vectors", "hybrid"] as const) {
        equal((await ids({ mode, limit: 1 }))[0], "move", `${mode}: without a filter it is another`);
        equal(await ids({ mode, limit: 1, meta: { topic: "money" } }), ["rent"], `${mode}: of that topic`);
        equal(await ids({ mode, limit: 1, meta: { topic: "money", year: 2024 } }), [], `${mode}: all must be equal`);
        equal(await ids({ mode, meta: { constructor: "x" } }), [], `${mode}: a key that no fact has`);
        const now = opened.clock.now();
        // Each was remembered a millisecond after the one before.
        equal(await ids({ mode, limit: 1, since: now - 1 }), ["rent"], `${mode}: since then`);
        equal(await ids({ mode, since: now + 1 }), [], `${mode}: nothing since`);
      }
    },
  },
  {
    name: "where a fact comes from is kept and can be searched by",
    async run(open) {
      await using opened = await open();
      const source = { run: "r1", step: "1.2", session: "chat/ann", message: "m7", at: 12 };
      const fact = { id: "1", namespace: "n", text: "apple pie", source };
      await opened.thing.remember([fact, { ...fact, id: "2", source: { session: "chat/bob" } }]);
      const again = await second(opened);
      const query = { namespace: "n", text: "apple", source: { session: "chat/ann", run: "r1" } };
      const found = await again.search(query);
      equal(
        found.map((one) => [one.id, one.source]),
        [["1", source]],
        "the one, with its source whole",
      );
    },
  },
  {
    name: "a fact that is replaced has its new vector only",
    async run(open) {
      await using opened = await open();
      await opened.thing.remember({ id: "1", namespace: "n", text: "shellfish allergy" });
      await opened.thing.remember({ id: "1", namespace: "n", text: "accounting department" });
      const ids = async (text: string) =>
        (await opened.thing.search({ namespace: "n", text, mode: "vectors" })).map((fact) => fact.id);
      equal([await ids("shelfish alergies"), await ids("acounting departments")], [[], ["1"]], "the old one is gone");
    },
  },
  {
    name: "a list is remembered whole or not at all, and the last of an id counts",
    async run(open) {
      await using opened = await open();
      const many = Array.from({ length: 1_203 }, (_, n) => ({
        id: `${n % 1_200}`,
        namespace: `n${n % 2}`,
        text: `t ${n}`,
      }));
      await opened.thing.remember(many);
      equal(
        await opened.thing.namespaces(),
        [
          { namespace: "n0", facts: 600 },
          { namespace: "n1", facts: 600 },
        ],
        "each once",
      );
      const [found] = await opened.thing.search({ namespace: "n0", text: "1202", mode: "words" });
      equal([found?.id, found?.text], ["2", "t 1202"], "the last one stands");
      await opened.thing.remember([]);
      await refuses(
        () =>
          opened.thing.remember([
            { id: "new", namespace: "n0", text: "x" },
            { id: "", namespace: "n0", text: "x" },
          ]),
        "fact.bad_id",
        "an empty id",
      );
      equal((await opened.thing.namespaces())[0], { namespace: "n0", facts: 600 }, "nothing of the list is there");
    },
  },
];

async function rememberFour({ thing: memory, clock }: Opened<Memory>): Promise<void> {
  for (const fact of FACTS) {
    await clock.advance(1);
    await memory.remember({ ...fact, namespace: "n" });
  }
}
