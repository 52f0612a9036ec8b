import { expect, test } from "vitest";
import type { MailboxOptions } from "../../message.ts";
import { seededRandom } from "../../testing/ids.ts";
import { Mailbox } from "./mailbox.ts";

function open(options: MailboxOptions) {
  const dropped: string[] = [];
  return { mailbox: new Mailbox<string>(options, (item) => void dropped.push(item)), dropped };
}

test("the most urgent comes first, of one priority the oldest", () => {
  const { mailbox } = open({});
  for (const [item, rank] of [
    ["n1", 2],
    ["l", 3],
    ["c", 0],
    ["n2", 2],
    ["h", 1],
  ] as const)
    mailbox.push(item, rank);
  expect(mailbox.drain()).toEqual(["c", "h", "n1", "n2", "l"]);
});

test("one take in sixteen serves the lowest that waits", () => {
  const { mailbox } = open({});
  for (let count = 0; count < 40; count++) mailbox.push("critical", 0);
  for (let count = 0; count < 3; count++) mailbox.push("low", 3);
  const order = Array.from({ length: 40 }, () => mailbox.take());
  expect(order.flatMap((item, index) => (item === "low" ? [index + 1] : []))).toEqual([16, 32]);
});

test("reject keeps what is there", () => {
  const { mailbox } = open({ maxMessages: 2 });
  expect([mailbox.push("a", 2), mailbox.push("b", 2), mailbox.push("c", 0)]).toEqual(["in", "in", "full"]);
  expect(mailbox.drain()).toEqual(["a", "b"]);
});

test("drop-newest keeps what is there too", () => {
  const { mailbox } = open({ maxMessages: 1, full: "drop-newest" });
  expect([mailbox.push("a", 2), mailbox.push("b", 2), mailbox.drain()]).toEqual(["in", "dropped", ["a"]]);
});

test("drop-oldest makes room at the cost of the oldest of the least urgent", () => {
  const { mailbox, dropped } = open({ maxMessages: 3, full: "drop-oldest" });
  for (const [item, rank] of [
    ["c", 0],
    ["l1", 3],
    ["l2", 3],
  ] as const)
    mailbox.push(item, rank);
  expect([mailbox.push("n", 2), dropped, mailbox.drain()]).toEqual(["displaced", ["l1"], ["c", "n", "l2"]]);
});

test("drop-oldest never gives up the more urgent for the less urgent", () => {
  const { mailbox, dropped } = open({ maxMessages: 1, full: "drop-oldest" });
  mailbox.push("critical", 0);
  expect([mailbox.push("low", 3), dropped, mailbox.drain()]).toEqual(["dropped", [], ["critical"]]);
});

test("wait lets in by the order of coming, and nobody overtakes", async () => {
  const { mailbox } = open({ maxMessages: 1, full: "wait" });
  const admitted: string[] = [];
  mailbox.push("a", 2);
  const waits = ["b", "c"].map((item) => {
    expect(mailbox.push(item, 2)).toBe("wait");
    return mailbox.wait(item, 2).then((taken) => admitted.push(`${item} ${taken}`));
  });
  expect(mailbox.take()).toBe("a");
  expect([mailbox.size, mailbox.push("late", 0)]).toEqual([1, "wait"]);
  expect([mailbox.take(), mailbox.take(), mailbox.take()]).toEqual(["b", "c", undefined]);
  await Promise.all(waits);
  expect(admitted).toEqual(["b true", "c true"]);
});

test("a small one does not slip past a big one that waits", async () => {
  const { mailbox } = open({ maxBytes: 10, full: "wait" });
  mailbox.push("a", 2, 8);
  expect(mailbox.push("big", 2, 8)).toBe("wait");
  const wait = mailbox.wait("big", 2, 8);
  expect(mailbox.push("small", 2, 1)).toBe("wait");
  mailbox.take();
  expect([await wait, mailbox.drain()]).toEqual([true, ["big"]]);
});

test("emptied for good, it turns away who waits", async () => {
  const { mailbox } = open({ maxMessages: 1, full: "wait" });
  mailbox.push("a", 2);
  const wait = mailbox.wait("b", 2);
  expect(mailbox.drain()).toEqual(["a"]);
  expect([await wait, mailbox.size]).toEqual([false, 0]);
});

test("the bound in bytes counts what is inside; what can never fit does not wait", () => {
  const { mailbox, dropped } = open({ maxBytes: 10, full: "drop-oldest" });
  expect(["a", "b"].map((item) => mailbox.push(item, 2, 5))).toEqual(["in", "in"]);
  expect([mailbox.push("c", 2, 11), dropped]).toEqual(["too large", []]);
  expect([mailbox.push("d", 2, 6), dropped]).toEqual(["displaced", ["a", "b"]]);
  expect(open({ maxBytes: 1, full: "wait" }).mailbox.push("x", 2, 2)).toBe("too large");
  expect(open({ maxMessages: 0, full: "wait" }).mailbox.push("x", 2)).toBe("full");
});

test("agrees with a plain list under any order of pushing and taking", () => {
  const random = seededRandom(3);
  const { mailbox } = open({ maxMessages: 50 });
  let model: { item: string; rank: number }[] = [];
  let takes = 0;
  for (let round = 0; round < 20_000; round++) {
    if (random() < 0.55) {
      const entry = { item: `m${round}`, rank: Math.floor(random() * 4) };
      const taken = mailbox.push(entry.item, entry.rank) === "in";
      expect(taken).toBe(model.length < 50);
      if (taken) model.push(entry);
    } else {
      const ranks = model.map(({ rank }) => rank);
      const rank = model.length === 0 ? -1 : ++takes % 16 === 0 ? Math.max(...ranks) : Math.min(...ranks);
      const next = model.find((entry) => entry.rank === rank);
      expect(mailbox.take()).toBe(next?.item);
      model = model.filter((entry) => entry !== next);
    }
    expect(mailbox.size).toBe(model.length);
  }
});
