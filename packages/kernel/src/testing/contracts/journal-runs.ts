import type { Json } from "../../json.ts";
import type { Journal } from "../../kinds/journal.ts";
import { equal, refuses } from "../expect.ts";
import { type Contract, second } from "./contract.ts";
import { ann, bob, draftAppend, draftRun, LEASE } from "./journal-drafts.ts";

const reason = { code: "user.cancelled", message: "No longer wanted.", retryable: false };

/** Whose a run is, and what becomes of it. */
export const journalRuns: readonly Contract<Journal>[] = [
  {
    name: "a run made twice is the first one",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const at = clock.now();
      const first = await journal.create(draftRun("r", { input: { n: [1] } }));
      const expected = {
        ...draftRun("r", { input: { n: [1] } }),
        status: "queued",
        epoch: 0,
        takeovers: 0,
        wakes: 0,
        turn: 0,
        createdAt: at,
        updatedAt: at,
      };
      equal(first, { created: true, run: expected }, "a new run is queued");
      await clock.advance(9);
      const again = await (await second(opened)).create(draftRun("r", { name: "other", input: 2 }), bob);
      equal(again, { created: false, run: first.run }, "the second gets the first, unclaimed");
    },
  },
  {
    name: "a run made with a claim is running and owned at once",
    async run(open) {
      await using opened = await open();
      const { run } = await opened.thing.create(draftRun("r"), ann);
      const until = opened.clock.now() + LEASE;
      equal([run.status, run.owner, run.epoch, run.leaseUntil], ["running", "ann", 1, until], "it is ann's");
      equal(await opened.thing.claim({ ...bob, limit: 10 }), [], "and no one else's");
    },
  },
  {
    name: "queued runs are claimed oldest first, up to the limit, each once",
    async run(open) {
      await using opened = await open();
      const other = await second(opened);
      for (const id of ["c", "a", "b"]) {
        await opened.thing.create(draftRun(id));
        await opened.clock.advance(1);
      }
      const first = await opened.thing.claim({ ...ann, limit: 2 });
      equal(
        first.map((run) => [run.id, run.owner, run.epoch, run.takeovers]),
        [
          ["c", "ann", 1, 0],
          ["a", "ann", 1, 0],
        ],
        "ann's",
      );
      equal(
        (await other.claim({ ...bob, limit: 2 })).map((run) => run.id),
        ["b"],
        "bob gets what is left",
      );
    },
  },
  {
    name: "a claim may name the runs it wants",
    async run(open) {
      await using opened = await open();
      for (const id of ["a", "b", "c"]) await opened.thing.create(draftRun(id));
      const wanted = await opened.thing.claim({ ...ann, limit: 10, ids: ["c", "nobody", "c"] });
      equal(
        wanted.map((run) => run.id),
        ["c"],
        "only what was named and is there, once",
      );
      equal(await opened.thing.claim({ ...ann, limit: 10, ids: [] }), [], "nothing named is nothing");
      equal((await opened.thing.get("a"))?.status, "queued", "others are untouched");
    },
  },
  {
    name: "a claim may name the actions it can run, and leaves other runs to others",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      for (const id of ["a", "b", "c"]) await journal.create(draftRun(id, { kind: id === "b" ? "tool" : "workflow" }));
      await journal.create(draftRun("d", { kind: "tool" }), ann);
      await clock.advance(LEASE);
      const actions = [{ kind: "tool", name: "orders" }];
      const first = await journal.claim({ ...bob, limit: 1, actions });
      const rest = await journal.claim({ ...bob, limit: 10, actions });
      equal(
        [...first, ...rest].map((run) => run.id),
        ["b", "d"],
        "the limit counts only what can be run",
      );
      equal(await journal.claim({ ...bob, limit: 10, actions: [] }), [], "who can run nothing gets nothing");
      equal((await journal.get("a"))?.status, "queued", "others are untouched");
    },
  },
  {
    name: "what a dead worker owns is free at once",
    async run(open) {
      await using opened = await open();
      const { thing: journal } = opened;
      await journal.create(draftRun("r"), ann);
      await journal.create(draftRun("s"), bob);
      const taken = await journal.claim({ ...bob, limit: 10, deadWorkers: ["ann", "nobody"] });
      equal(
        taken.map((run) => [run.id, run.owner, run.epoch, run.takeovers]),
        [["r", "bob", 2, 1]],
        "ann's only",
      );
    },
  },
  {
    name: "a run is taken over when its lease has run out, and its epoch rises",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      await journal.create(draftRun("r"), ann);
      await clock.advance(LEASE - 1);
      equal(await journal.claim({ ...bob, limit: 1 }), [], "not before the lease ends");
      await clock.advance(1);
      const [taken] = await (await second(opened)).claim({ ...bob, limit: 1 });
      equal([taken?.owner, taken?.epoch, taken?.takeovers, taken?.status], ["bob", 2, 1, "running"], "it is bob's");
      equal(taken?.leaseUntil, clock.now() + LEASE, "under a new lease");
    },
  },
  {
    name: "a waiting run is taken over too, and is running again",
    async run(open) {
      await using opened = await open();
      const { run } = await opened.thing.create(draftRun("r"), ann);
      await opened.thing.append([draftAppend(run, 0, [], { update: { status: "waiting" } })]);
      equal((await opened.thing.get("r"))?.status, "waiting", "the status is kept");
      equal(await opened.thing.claim({ ...bob, limit: 1 }), [], "it is still ann's");
      await opened.clock.advance(LEASE);
      const [taken] = await opened.thing.claim({ ...bob, limit: 1 });
      equal([taken?.status, taken?.epoch], ["running", 2], "a claim makes it running");
    },
  },
  {
    name: "a lease lasts as long as it is renewed",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const owned = [];
      for (const id of ["a", "b"]) owned.push((await journal.create(draftRun(id), ann)).run);
      const asked = [...owned.map((run) => ({ run: run.id, epoch: run.epoch })), { run: "none", epoch: 1 }];
      await clock.advance(LEASE - 1);
      equal(await journal.renew(ann, asked), ["a", "b"], "both are renewed");
      await clock.advance(LEASE - 1);
      equal(await journal.claim({ ...bob, limit: 5, ids: ["a"] }), [], "nobody may take one");
      await clock.advance(1);
      await journal.claim({ ...bob, limit: 5, ids: ["a"] });
      equal(await journal.renew(ann, asked), ["b"], "what was taken is lost, what was only late is not");
      equal(await journal.renew({ ...ann, worker: "eve" }, asked), [], "a stranger renews nothing");
      equal((await journal.get("a"))?.owner, "bob", "and bob keeps his");
    },
  },
  {
    name: "a run that was given up in good order may be taken at once, and its takeovers are forgotten",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      await journal.create(draftRun("r"), ann);
      await clock.advance(LEASE);
      const [taken] = await journal.claim({ ...bob, limit: 1 });
      equal([taken?.takeovers, taken?.epoch], [1, 2], "ann is taken for dead");
      equal(await journal.renew({ ...bob, leaseMs: 0 }, [{ run: "r", epoch: 2 }]), ["r"], "bob gives it up");
      equal(await journal.claim({ ...bob, limit: 1, ids: ["none"] }), [], "and none other");
      const [again] = await journal.claim({ ...ann, limit: 1, maxTakeovers: 0 });
      equal([again?.status, again?.owner, again?.epoch, again?.takeovers], ["running", "ann", 3, 0], "no takeover");
      equal((await journal.get("r"))?.takeovers, 0, "and so it is kept");
      await clock.advance(LEASE);
      const [dead] = await journal.claim({ ...bob, limit: 1, maxTakeovers: 0 });
      equal([dead?.status, dead?.takeovers], ["dead", 1], "the next one is");
    },
  },
  {
    name: "an ending status gives up the lease for good",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const error = { code: "tool.broke", message: "It broke.", retryable: true, data: { n: 1 } };
      const ends = [
        { status: "done", output: { ok: [1] } },
        { status: "failed", error },
        { status: "cancelled" },
      ] as const;
      for (const update of ends) {
        const { run } = await journal.create(draftRun(update.status), ann);
        await clock.advance(3);
        equal(await journal.append([draftAppend(run, 0, ["a"], { update })]), ["kept"], "the end is kept");
        const { owner, leaseUntil, ...rest } = run;
        const at = clock.now();
        equal(await journal.get(run.id), { ...rest, ...update, updatedAt: at, finishedAt: at }, "the run has ended");
        equal(await journal.append([draftAppend(run, 1, ["late"])]), ["fenced"], "nothing follows the end");
        equal(await journal.renew(ann, [{ run: run.id, epoch: run.epoch }]), [], "there is nothing to renew");
      }
      await clock.advance(LEASE * 2);
      equal(await journal.claim({ ...bob, limit: 10 }), [], "an ended run is never claimed");
    },
  },
  {
    name: "a run put back into the queue is anybody's at once",
    async run(open) {
      await using opened = await open();
      const { run } = await opened.thing.create(draftRun("r"), ann);
      await opened.thing.append([draftAppend(run, 0, ["a"], { update: { status: "queued" } })]);
      equal(await opened.thing.append([draftAppend(run, 1, ["b"])]), ["fenced"], "its worker has let go");
      const [taken] = await opened.thing.claim({ ...bob, limit: 1 });
      equal([taken?.owner, taken?.epoch, taken?.takeovers], ["bob", 2, 0], "that is no takeover");
    },
  },
  {
    name: "cancelling ends a queued run, and asks the worker of an owned one",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      await journal.create(draftRun("queued"));
      const { run } = await journal.create(draftRun("owned"), ann);
      await clock.advance(2);
      const ended = await journal.cancel("queued", reason);
      equal(
        [ended.status, ended.error, ended.finishedAt],
        ["cancelled", reason, clock.now()],
        "the queued one has ended",
      );
      const asked = await journal.cancel("owned", reason);
      equal([asked.status, asked.cancelRequested, asked.owner], ["running", reason, "ann"], "the owned one is asked");
      const later = await journal.cancel("owned", { ...reason, message: "again" });
      equal(later.cancelRequested, reason, "the first reason stays");
      equal(await journal.append([draftAppend(run, 0, ["a"])]), ["kept"], "its worker may still write");
      await clock.advance(LEASE);
      equal(
        (await journal.claim({ ...bob, limit: 9 })).map((one) => [one.id, one.cancelRequested]),
        [["owned", reason]],
        "who takes it over sees the wish",
      );
    },
  },
  {
    name: "cancelling what has ended changes nothing, and what never was is an error",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      const { run } = await journal.create(draftRun("r"), ann);
      await journal.append([draftAppend(run, 0, [], { update: { status: "done", output: 1 } })]);
      const ended = await journal.get("r");
      await clock.advance(5);
      equal(await journal.cancel("r", reason), ended, "the end stays as it was");
      await refuses(() => journal.cancel("none", reason), "run.not_found", "an unknown run");
      equal(
        [await journal.get("none"), await journal.rows("none")],
        [undefined, []],
        "and asking for it finds nothing",
      );
    },
  },
  {
    name: "runs are listed newest first, by status and name, bounded",
    async run(open) {
      await using opened = await open();
      const { thing: journal, clock } = opened;
      for (const id of ["z", "a", "m"]) {
        await journal.create(draftRun(id, { name: id === "a" ? "mail" : "orders" }));
        await clock.advance(1);
      }
      await journal.claim({ ...ann, limit: 1, ids: ["m"] });
      const ids = async (filter?: Parameters<Journal["list"]>[0]) => (await journal.list(filter)).map((run) => run.id);
      equal(await ids(), ["m", "a", "z"], "the newest first");
      equal(await ids({ status: ["queued"] }), ["a", "z"], "by one status");
      equal(await ids({ status: ["queued", "running"], name: "orders" }), ["m", "z"], "by statuses and name");
      equal([await ids({ limit: 1 }), await ids({ status: [] })], [["m"], []], "bounded, and no status is none");
    },
  },
  {
    name: "bad data is refused with its path and nothing is made",
    async run(open) {
      await using opened = await open();
      const input = { n: 1n } as unknown as Json;
      const error = await refuses(() => opened.thing.create(draftRun("r", { input })), "json.not_json", "a bigint");
      equal(error.data["path"], "$.input.n", "the path is told");
      await refuses(() => opened.thing.create(draftRun("")), "run.bad_id", "an empty id");
      equal(await opened.thing.list(), [], "nothing was made");
    },
  },
];
