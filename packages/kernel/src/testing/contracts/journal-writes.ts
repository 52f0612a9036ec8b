import type { AppendOutcome, Journal } from "../../kinds/journal.ts";
import type { Write } from "../../kinds/journal-records.ts";
import type { Store } from "../../kinds/store.ts";
import { equal, holds } from "../expect.ts";
import { type Contract, second } from "./contract.ts";
import { ann, draftAppend, draftRun } from "./journal-drafts.ts";

/** A journal that is `transactional`, with what stands beside it in its database. */
export interface JournalWithStore {
  readonly journal: Journal;
  readonly store: Store;
  /** An empty table with the columns `id` (text, unique) and `n` (a whole number), as SQL names it. */
  readonly table: string;
}

const codeOf = (outcome: AppendOutcome | undefined) =>
  typeof outcome === "object" ? outcome.refused.code : (outcome ?? "nothing");

async function begin({ journal }: JournalWithStore) {
  const { run } = await journal.create(draftRun("r"), ann);
  let seq = 0;
  return {
    run,
    async append(...writes: Write[]) {
      const [outcome] = await journal.append([draftAppend(run, seq, [`k${seq}`], { writes })]);
      if (outcome === "kept") seq++;
      return codeOf(outcome);
    },
  };
}

/** What every transactional journal does: a step and what it writes are one. */
export const journalWrites: readonly Contract<JournalWithStore>[] = [
  {
    name: "documents are written together with the rows, each once",
    async run(open) {
      await using opened = await open();
      const { journal, store } = opened.thing;
      holds(journal.transactional === true, "the journal says that it can");
      await store.put("old", 1);
      const { run } = await journal.create(draftRun("r"), ann);
      const writes: Write[] = [
        { type: "put", id: "a", body: { n: [1] }, version: 0 },
        { type: "put", id: "b", body: null },
        { type: "delete", id: "old", version: 1 },
      ];
      const part = draftAppend(run, 0, ["a"], { writes });
      equal(await journal.append([part]), ["kept"], "all is kept");
      const other = await second(opened);
      const expected = { id: "a", version: 1, body: { n: [1] }, at: opened.clock.now() };
      equal([await other.store.get("a"), await other.store.get("old")], [expected, undefined], "the documents");
      equal((await other.store.get("b"))?.body, null, "null is a body");
      equal(await journal.append([part]), ["kept"], "repeated, it is recognised");
      equal((await other.store.get("b"))?.version, 1, "and not written again");
    },
  },
  {
    name: "a write that cannot be done takes back its part, and only that",
    async run(open) {
      await using opened = await open();
      const { journal, store } = opened.thing;
      await store.put("b", "theirs");
      const runs = [];
      for (const id of ["x", "y", "z"]) runs.push((await journal.create(draftRun(id), ann)).run);
      const batch = runs.map((run) => {
        const bad: Write[] = run.id === "y" ? [{ type: "put", id: "b", body: "mine", version: 0 }] : [];
        const writes: Write[] = [{ type: "put", id: `of-${run.id}`, body: 1 }, ...bad];
        return draftAppend(run, 0, ["a"], { writes, letters: [{ id: `m-${run.id}`, draft: 1 }] });
      });
      const outcomes = await journal.append(batch);
      equal(outcomes.map(codeOf), ["kept", "document.conflict", "kept"], "one answer each, saying why");
      const other = await second(opened);
      const there = await Promise.all(["of-x", "of-y", "of-z"].map((id) => other.store.get(id)));
      equal(
        there.map((one) => one?.body),
        [1, undefined, 1],
        "what came before it in its part is gone too",
      );
      equal([await other.journal.rows("y"), (await other.store.get("b"))?.body], [[], "theirs"], "rows and all");
      const letters = await other.journal.letters({ ...ann, limit: 9 });
      equal(
        letters.map(({ id }) => id),
        ["m-x", "m-z"],
        "and letters",
      );
      equal(await journal.append(batch.slice(1, 2).map(({ writes: _, ...part }) => part)), ["kept"], "its run goes on");
    },
  },
  {
    name: "an old owner writes nothing",
    async run(open) {
      await using opened = await open();
      const { journal, store } = opened.thing;
      const { run } = await journal.create(draftRun("r"), ann);
      const writes: Write[] = [{ type: "put", id: "a", body: 1 }];
      equal(await journal.append([draftAppend({ ...run, epoch: 0 }, 0, ["a"], { writes })]), ["fenced"], "fenced");
      equal(await store.get("a"), undefined, "nothing is there");
    },
  },
  {
    name: "a statement is run with its values, and must change as many rows as it says",
    async run(open) {
      await using opened = await open();
      const { append } = await begin(opened.thing);
      const { table } = opened.thing;
      const insert = (id: string, n: number | null): Write => ({
        type: "sql",
        text: `INSERT INTO ${table} (id, n) VALUES (:id, :n)`,
        values: { id, n },
      });
      const add = (rows?: number): Write => ({
        type: "sql",
        text: `UPDATE ${table} SET n = n + :by WHERE n >= :by`,
        values: { by: 1 },
        ...(rows !== undefined && { rows }),
      });
      equal(await append(insert("a", 1), insert("it's ':n'", 2)), "kept", "two rows");
      equal(await append(add(2)), "kept", "a place may come twice");
      holds((await append(insert("c", 3), add(2))) !== "kept", "three rows changed where two were expected");
      equal(await append(add(2)), "kept", "the third row was taken back");
      equal(await append(add()), "kept", "any number, where none is said");
      const gone: Write = { type: "sql", text: `DELETE FROM ${table} WHERE id = :id`, values: { id: "a" }, rows: 1 };
      equal(await append(gone), "kept", "a row goes");
      holds((await append(gone)) !== "kept", "and is not there a second time");
    },
  },
  {
    name: "a statement that the database refuses is the step's failure, and nothing else's",
    async run(open) {
      await using opened = await open();
      const { append, run } = await begin(opened.thing);
      const { table, journal } = opened.thing;
      const insert: Write = { type: "sql", text: `INSERT INTO ${table} (id, n) VALUES (:id, 1)`, values: { id: "a" } };
      equal(await append(insert), "kept", "the first");
      for (const bad of [insert, { ...insert, text: "NO SUCH STATEMENT" }, { ...insert, values: {} }]) {
        holds(!["kept", "fenced"].includes(await append(bad)), "a duplicate, a mistake, a value that is missing");
      }
      equal((await journal.rows("r")).length, 1, "no row came with them");
      equal((await journal.get("r"))?.owner, run.owner, "and the run is still its worker's");
    },
  },
];
