import type { Journal } from "../../kinds/journal.ts";
import { equal, holds, refuses } from "../expect.ts";
import { type Contract, second } from "./contract.ts";
import { ann, bob, draftAppend, draftRow, draftRun, endRun, LEASE } from "./journal-drafts.ts";

const keyed = (id: string, more: Parameters<typeof draftRun>[1] = {}) => draftRun(id, { dedupe: "k", ...more });

/** Making a run that is there already, later than another, or with what it knows. */
export const journalDedupe: readonly Contract<Journal>[] = [
  {
    name: "everything that is known of a new run is kept",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const full = draftRun("r", {
        queue: "mail",
        priority: "high",
        partition: "p",
        tenant: "t",
        dedupe: "d",
        wakeAt: clock.now() + 9,
        deadline: clock.now() + 99,
        parent: { run: "parent", key: "step/1" },
        origin: { run: "origin", key: "step/2" },
      });
      const { run } = await journal.create(full);
      const at = clock.now();
      const fresh = { status: "queued", epoch: 0, takeovers: 0, wakes: 0, turn: 0, createdAt: at, updatedAt: at };
      equal(run, { ...full, ...fresh }, "as it was given");
      equal(await (await second(opened)).get("r"), run, "and as it was kept");
    },
  },
  {
    name: "while a run with a key is open, another with it is that one",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const other = await second(opened);
      const { run } = await journal.create(keyed("a"), ann);
      equal(await other.create(keyed("b", { input: 2 })), { run, created: false }, "the open one, unchanged");
      equal(await journal.get("b"), undefined, "nothing was made");
      await journal.append([draftAppend(run, 0, [], { update: { status: "done" } })]);
      holds((await other.create(keyed("b"))).created, "an ended one does not count");
    },
  },
  {
    name: "a key is one of its tenant and queue",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      for (const [id, more] of Object.entries({ a: {}, b: { tenant: "t" }, c: { queue: "q" }, d: { dedupe: "other" } }))
        holds((await journal.create(keyed(id, more))).created, "another scope is another key");
      const same = await journal.create(keyed("e", { queue: "q" }));
      equal([same.run.id, same.created], ["c", false], "the same scope is the same");
      holds((await journal.create(draftRun("f"))).created, "a run without a key is like no other");
    },
  },
  {
    name: "of runs made with one key at once, one is made",
    async run(open) {
      await using opened = await open();
      const other = await second(opened);
      const makers = [opened.thing, other, opened.thing, other];
      const made = await Promise.all(makers.map((journal, n) => journal.create(keyed(`r${n}`))));
      equal(made.filter(({ created }) => created).length, 1, "one");
      equal(new Set(made.map(({ run }) => run.id)).size, 1, "and it is everybody's");
      equal((await other.list()).length, 1, "the only one");
    },
  },
  {
    name: "a later one takes the place of one that was never begun",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const { run } = await journal.create(keyed("a", { wakeAt: clock.now() + 50, input: 1 }));
      await clock.advance(40);
      const wakeAt = clock.now() + 50;
      const again = await journal.create(keyed("b", { wakeAt, input: 2 }), ann, { replace: true });
      const expected = { ...run, input: 2, wakeAt, updatedAt: clock.now() };
      equal(again, { run: expected, created: false }, "its input and time are those of the last");
      equal(await journal.get("a"), expected, "and are kept so");
      await clock.advance(49);
      equal(await journal.claim({ ...ann, limit: 1 }), [], "the wait began anew");
      await clock.advance(1);
      const [begun] = await journal.claim({ ...ann, limit: 1 });
      equal([begun?.id, begun?.input], ["a", 2], "and is over");
      const late = await journal.create(keyed("c", { input: 3 }), undefined, { replace: true });
      equal(late, { run: begun, created: false }, "what has begun is not replaced");
      await clock.advance(LEASE);
      await journal.claim({ ...bob, limit: 1, maxTakeovers: 0 });
      const requeued = await journal.requeue("a");
      const later = await journal.create(keyed("d", { input: 4 }), undefined, { replace: true });
      equal(later, { run: requeued, created: false }, "nor what was dead and is queued again: it has rows");
    },
  },
  {
    name: "a dead run whose key is another's by now is not queued again",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      await journal.create(keyed("a"), ann);
      await clock.advance(LEASE);
      await journal.claim({ ...bob, limit: 1, maxTakeovers: 0 });
      const { run } = await journal.create(keyed("b"), ann);
      const refused = await refuses(() => journal.requeue("a"), "run.duplicate", "two open runs of one key");
      holds(refused.message.includes('"b"'), "it names the other one");
      equal((await journal.get("a"))?.status, "dead", "it stays as it is");
      equal(await journal.requeue("b"), run, "the other one is not dead, and stays as it is");
      await journal.append([draftAppend(run, 0, [], { update: { status: "done" } })]);
      const journals = [journal, await second(opened)];
      const [requeued, made] = await Promise.all([
        journals[0]?.requeue("a").catch(() => undefined),
        journals[1]?.create(keyed("c")),
      ]);
      const left = (await journal.list()).filter(({ finishedAt }) => finishedAt === undefined);
      equal(left.length, 1, "of one queued again and one made at once, one is");
      equal([requeued?.id === left[0]?.id, made?.run.id], [requeued !== undefined, left[0]?.id], "everybody's");
    },
  },
  {
    name: "a run can be made with what it knows",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const rows = [draftRow("a"), { ...draftRow("b", null), parent: "a" }];
      const { run } = await journal.create(draftRun("r"), ann, { rows });
      equal(
        await (await second(opened)).rows("r"),
        rows.map((row, seq) => ({ ...row, seq })),
        "its rows are there",
      );
      equal(await journal.append([draftAppend(run, 0, ["a"])]), ["fenced"], "they are nobody's own");
      equal(await journal.append([draftAppend(run, 2, ["c"])]), ["kept"], "and it goes on behind them");
      await journal.create(draftRun("r"), undefined, { rows: [draftRow("x")] });
      equal((await journal.rows("r")).length, 3, "what is there already takes none");
      const bad = [{ ...draftRow("a"), body: { n: Number.NaN } }];
      await refuses(() => journal.create(draftRun("s"), undefined, { rows: bad }), "json.not_json", "bad rows");
      equal(await journal.get("s"), undefined, "nothing is made with them");
    },
  },
  {
    name: "an id that was used is never made again while its run is kept",
    async run(open) {
      await using opened = await open();
      await endRun(opened.thing, draftRun("r"));
      const again = await opened.thing.create(draftRun("r", { input: 2 }), ann, { replace: true });
      equal([again.created, again.run.status, again.run.input], [false, "done", { id: "r" }], "it is the ended one");
    },
  },
];
