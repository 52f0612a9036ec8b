import type { Json } from "../../json.ts";
import type { Journal } from "../../kinds/journal.ts";
import { equal, refuses } from "../expect.ts";
import { type Contract, second } from "./contract.ts";
import { ann, bob, draftAppend, draftRun, endRun, LEASE, parkRun } from "./journal-drafts.ts";

const draft = (id: string, body: Json = id) => ({ run: "r", id, name: "paid", body });

/** What is said to runs, what they listen to, and what they say. */
export const journalSignals: readonly Contract<Journal>[] = [
  {
    name: "signals are kept as they came, each id once",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const other = await second(opened);
      for (const id of ["r", "other"]) await journal.create(draftRun(id));
      const at = clock.now();
      equal(await journal.signal(draft("b", { n: [null] })), true, "a new one");
      await clock.advance(1);
      equal(await other.signal(draft("a")), true, "another");
      equal(await other.signal(draft("b", "again")), false, "one that is known");
      equal(await other.signal({ ...draft("b"), run: "other" }), true, "the same id for another run is another");
      const expected = [
        { ...draft("b", { n: [null] }), at },
        { ...draft("a"), at: at + 1 },
      ];
      equal([await journal.signals("r"), await other.signals("r")], [expected, expected], "in order, the first stays");
    },
  },
  {
    name: "of one signal sent many times at once one is kept",
    async run(open) {
      await using opened = await open();
      const other = await second(opened);
      await opened.thing.create(draftRun("r"));
      const senders = [opened.thing, other, opened.thing, other];
      const kept = await Promise.all(senders.map((journal, n) => journal.signal(draft("s", n))));
      equal(kept.filter(Boolean).length, 1, "one is told that it was kept");
      equal([(await other.signals("r")).length, (await other.get("r"))?.wakes], [1, 1], "and it woke once");
    },
  },
  {
    name: "a signal that was taken in is seen no more, and is still known",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const { run } = await journal.create(draftRun("r"), ann);
      for (const id of ["a", "b"]) await journal.signal(draft(id));
      const old = { ...draftAppend(run, 0, ["x"], { consumed: ["b"] }), epoch: 7 };
      equal(await journal.append([old]), ["fenced"], "who has lost the run takes in nothing");
      await journal.append([draftAppend(run, 0, ["got a"], { consumed: ["a", "unknown"] })]);
      equal(
        (await journal.signals("r")).map(({ id }) => id),
        ["b"],
        "only what was not taken in",
      );
      equal(await journal.signal(draft("a")), false, "a late copy is refused");
      equal((await journal.get("r"))?.wakes, 2, "and wakes nobody");
    },
  },
  {
    name: "nothing is said to a run that has ended or never was",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      await endRun(journal, draftRun("r"));
      const error = await refuses(() => journal.signal(draft("a")), "run.ended", "an ended run");
      equal(error.data, { run: "r", status: "done" }, "it says how it ended");
      await refuses(() => journal.signal({ ...draft("a"), run: "none" }), "run.not_found", "an unknown run");
      equal([await journal.signals("r"), await journal.signals("none")], [[], []], "nothing was kept");
    },
  },
  {
    name: "a signal that is no JSON is refused and wakes nobody",
    async run(open) {
      await using opened = await open();
      await parkRun(opened.thing, draftRun("r"));
      const bad = { n: 1n } as unknown as Json;
      await refuses(() => opened.thing.signal(draft("a", bad)), "json.not_json", "a bigint");
      equal([(await opened.thing.get("r"))?.wakes, await opened.thing.signals("r")], [0, []], "it sleeps on");
    },
  },
  {
    name: "who listens to a topic is known until it stops or its run ends",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const { run: r } = await journal.create(draftRun("r"), ann);
      const { run: s } = await journal.create(draftRun("s"), ann);
      const listens = [
        { key: "k1", topic: "orders.*" },
        { key: "k2", topic: "mail" },
      ];
      await journal.append([draftAppend(r, 0, ["a"], { listens }), draftAppend(s, 0, ["a"], { listens })]);
      const all = ["r", "s"].flatMap((run) => listens.map((listen) => ({ run, ...listen })));
      const other = await second(opened);
      equal(await other.listens(), all, "all, in order");
      equal(await other.listens({ run: "s" }), all.slice(2), "of a run");
      equal(await other.topics(), ["mail", "orders.*"], "what is listened to, each once");
      equal(await other.listens({ topic: "mail" }), [all[1], all[3]], "of a topic, as it was named");
      await journal.append([draftAppend(r, 1, [], { unlistens: ["k1", "unknown"] })]);
      equal(await other.listens({ run: "r" }), [all[1]], "a step that stops is gone");
      await journal.append([draftAppend(s, 1, [], { update: { status: "done" } })]);
      equal(await other.listens(), [all[1]], "a run that has ended listens no more");
      equal(await other.topics(), ["mail"], "nobody listens to the other any more");
      const again = { key: "k2", topic: "post" };
      await journal.append([draftAppend(r, 1, [], { listens: [again] })]);
      equal(await other.listens(), [{ run: "r", ...again }], "a step listens to one topic, the last");
    },
  },
  {
    name: "letters come with their rows and are sent by one, until they are forgotten",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const other = await second(opened);
      const { run } = await journal.create(draftRun("r"), ann);
      const letters = ["m2", "m1", "m3"].map((id) => ({ id, draft: { to: "agent:ann", body: [id] } }));
      equal(await journal.append([draftAppend({ ...run, epoch: 7 }, 0, ["x"], { letters })]), ["fenced"], "a stranger");
      equal(await journal.letters({ ...ann, limit: 9 }), [], "sends nothing");
      await journal.append([draftAppend(run, 0, ["a"], { letters })]);
      const kept = letters.map((letter) => ({ ...letter, run: "r" }));
      equal(await journal.letters({ ...ann, limit: 2 }), kept.slice(0, 2), "oldest first, up to the limit");
      equal(await other.letters({ ...bob, limit: 9 }), kept.slice(2), "what is being sent is left alone");
      await journal.sent(["m2", "unknown"]);
      equal(await journal.letters({ ...ann, limit: 9 }), [], "nothing is free");
      await clock.advance(LEASE);
      equal(await other.letters({ ...bob, limit: 9 }), kept.slice(1), "what its sender never sent is free again");
      await other.sent(["m1", "m3"]);
      await clock.advance(LEASE);
      equal(await journal.letters({ ...ann, limit: 9 }), [], "what was sent is gone");
    },
  },
  {
    name: "letters of a run that has ended are still sent, and one id is one letter",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      const { run } = await journal.create(draftRun("r"), ann);
      const letters = [{ id: "m", draft: 1 }];
      await journal.append([draftAppend(run, 0, ["a"], { letters })]);
      await journal.append([draftAppend(run, 1, ["b"], { letters, update: { status: "done" } })]);
      equal(await journal.letters({ ...bob, limit: 9 }), [{ id: "m", draft: 1, run: "r" }], "once");
    },
  },
  {
    name: "of two that send at once each letter has one",
    async run(open) {
      await using opened = await open();
      const other = await second(opened);
      const { run } = await opened.thing.create(draftRun("r"), ann);
      const letters = Array.from({ length: 20 }, (_, n) => ({ id: `m${n}`, draft: n }));
      await opened.thing.append([draftAppend(run, 0, ["a"], { letters })]);
      const taken = await Promise.all([
        opened.thing.letters({ ...ann, limit: 15 }),
        other.letters({ ...bob, limit: 15 }),
      ]);
      equal(
        taken
          .flat()
          .map(({ draft: n }) => n)
          .sort((left, right) => Number(left) - Number(right)),
        letters.map((_, n) => n),
        "every one, once",
      );
    },
  },
];
