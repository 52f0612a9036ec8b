import { describe, expect, test } from "vitest";
import type { AnyAction } from "../../action.ts";
import type { Event } from "../../event.ts";
import { seededRandom } from "../../testing/ids.ts";
import { testKernel } from "../../testing/kernel.ts";
import { createEventFeed } from "./event-feed.ts";

const action = (name: string, run: AnyAction["run"]): AnyAction => ({ kind: "tool", name, run });
const spell = action("spell", (text: string, call) => {
  for (const letter of text) call.emit("action.delta", { body: letter });
  return text.length;
});
const kindsOf = (events: readonly Event[]) =>
  events.map((event) => (event.type === "action.delta" ? event.body : event.type));

describe("kernel.stream", () => {
  test("yields every event of its trace, and no other; the result is beside it", async () => {
    await using kernel = await testKernel();
    const [one, two] = [
      kernel.stream(spell, "ab"),
      kernel.stream(
        action("outer", (_, call) => call.invoke(spell, "xy")),
        {},
      ),
    ];
    const seen: Event[][] = [[], []];
    for await (const event of one) seen[0]?.push(event);
    for await (const event of two) seen[1]?.push(event);
    expect(seen.map(kindsOf)).toEqual([
      ["action.start", "a", "b", "action.end"],
      ["action.start", "action.start", "x", "y", "action.end", "action.end"],
    ]);
    expect([new Set(seen[1]?.map((event) => event.trace)).size, await one.result, await two.result]).toEqual([1, 2, 2]);
  });

  test("a failure comes after the events, once, and the result may be left alone", async () => {
    await using kernel = await testKernel();
    const fails = action("fails", (_, call) => {
      call.emit("action.delta", { body: "a" });
      throw new Error("late");
    });
    const feed = kernel.stream(fails, {});
    const seen: Event[] = [];
    const read = async () => {
      for await (const event of feed) seen.push(event);
    };
    await expect(read()).rejects.toThrow("late");
    expect([kindsOf(seen), await feed.next()]).toEqual([
      ["action.start", "a", "action.error"],
      { done: true, value: undefined },
    ]);
  });

  test("leaving the loop cancels the work", async () => {
    await using kernel = await testKernel();
    const before = kernel.counts().watchers;
    let reason: unknown;
    const endless = action("endless", async (_, call) => {
      call.signal.addEventListener("abort", () => {
        reason = call.signal.reason;
      });
      for (;;) {
        call.emit("action.delta", { body: "." });
        await call.sleep(1);
      }
    });
    const feed = kernel.stream(endless, {});
    for await (const event of feed) if (event.type === "action.delta") break;
    await expect(feed.result).rejects.toMatchObject({ code: "call.cancelled", data: { name: "endless" } });
    expect(reason).toMatchObject({ code: "call.cancelled" });
    expect([kernel.counts(), kernel.clock.pending]).toEqual([{ calls: 0, watchers: before }, 0]);
  });

  test("batches give what was told in one go in one piece", async () => {
    await using kernel = await testKernel();
    const bursts = action("bursts", async (_, call) => {
      for (const text of ["abc", "de"]) {
        await call.invoke(spell, text);
        await call.sleep(1);
      }
    });
    const batches: unknown[] = [];
    const read = (async () => {
      for await (const batch of kernel.stream(bursts, {}).batches())
        batches.push(
          kindsOf(batch)
            .filter((kind) => kind.length === 1)
            .join(""),
        );
    })();
    await kernel.clock.advance(2);
    await read;
    expect(batches.filter((batch) => batch !== "")).toEqual(["abc", "de"]);
  });

  test("the caller's signal and the kernel's end stop it too", async () => {
    const kernel = await testKernel();
    const sleeper = action("sleeper", (_, call) => call.sleep(1e9));
    const stop = new AbortController();
    const [one, two] = [kernel.stream(sleeper, {}, { signal: stop.signal }), kernel.stream(sleeper, {})];
    stop.abort("enough");
    await expect(one.result).rejects.toBe("enough");
    await Promise.all([expect(two.result).rejects.toMatchObject({ code: "kernel.closed" }), kernel.end()]);
  });
});

describe("an event feed", () => {
  const event = (n: number) => ({ n }) as unknown as Event;
  function source() {
    let tell!: (event: Event) => void;
    let end!: () => void;
    let fail!: (error: unknown) => void;
    let watching = true;
    const cancels: string[] = [];
    const feed = createEventFeed<void>({
      watch(watcher) {
        tell = watcher;
        return () => {
          watching = false;
        };
      },
      start: () =>
        new Promise<void>((resolve, reject) => {
          end = resolve;
          fail = reject;
        }),
      cancel: () => void cancels.push("cancel"),
    });
    return {
      feed,
      tell: (n: number) => tell(event(n)),
      end: () => end(),
      fail: (error: unknown) => fail(error),
      cancels,
      watching: () => watching,
    };
  }

  test("loses, doubles and reorders nothing under any mixture of telling and reading", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const { feed, tell, end, watching } = source();
      const batches = feed.batches();
      const reads: Promise<readonly Event[]>[] = [];
      const one = () => reads.push(feed.next().then(({ done, value }) => (done === true ? [] : [value])));
      const many = () => reads.push(batches.next().then(({ done, value }) => (done === true ? [] : value)));
      let told = 0;
      for (let step = 0; step < 300; step++) {
        const dice = random();
        if (dice < 0.5) tell(++told);
        else if (dice < 0.7) one();
        else if (dice < 0.8) many();
        else await Promise.resolve();
      }
      end();
      for (let left = 0; left <= told; left++) one();
      const seen = (await Promise.all(reads)).flat().map((item) => (item as unknown as { n: number }).n);
      expect(seen).toEqual(Array.from({ length: told }, (_, index) => index + 1));
      expect(watching()).toBe(false);
    }
  });

  test("a reader that stays a little behind for long still gets everything", async () => {
    const { feed, tell, end } = source();
    tell(1);
    let last = 0;
    for (let n = 2; n <= 25_000; n++) {
      tell(n);
      last = ((await feed.next()).value as { n: number }).n;
    }
    end();
    const rest = await feed.next();
    expect([last, rest.value, await feed.next()]).toEqual([24_999, { n: 25_000 }, { done: true, value: undefined }]);
  });

  test("a reader that falls too far behind gets an error after what was kept, and the work goes on", async () => {
    const { feed, tell, cancels, watching } = source();
    for (let n = 0; n <= 100_000; n++) tell(n);
    expect(watching()).toBe(false);
    const batch = await feed.batches().next();
    expect(batch.value).toHaveLength(100_000);
    await expect(feed.next()).rejects.toMatchObject({ code: "stream.overflow" });
    expect(cancels).toEqual([]);
  });

  test("several who wait at the end are all let go, the first with the failure", async () => {
    const { feed, fail } = source();
    const reads = [feed.next(), feed.next()];
    fail("broken");
    expect(await Promise.allSettled(reads)).toEqual([
      { status: "rejected", reason: "broken" },
      { status: "fulfilled", value: { done: true, value: undefined } },
    ]);
  });

  test("leaving lets those who wait go, and cancels once", async () => {
    const { feed, cancels, watching } = source();
    const read = feed.next();
    await feed.return?.();
    await feed.return?.();
    expect([await read, cancels, watching()]).toEqual([{ done: true, value: undefined }, ["cancel"], false]);
  });
});
