import { describe, expect, test } from "vitest";
import { createOutbox } from "./outbox.ts";

function open(options: { readonly most?: number; readonly window?: number } = {}) {
  const texts: string[] = [];
  const refused: (readonly [unknown, number | undefined])[] = [];
  const outbox = createOutbox<unknown>({
    write: (text) => void texts.push(text),
    most: options.most ?? 1_000_000,
    ...(options.window === undefined ? {} : { window: options.window }),
    refused: (message, length) => void refused.push([message, length]),
  });
  return { outbox, texts, refused };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("an outbox", () => {
  test("sends all messages of one turn of the event loop as one text, in order", async () => {
    const { outbox, texts } = open();
    outbox.send([1]);
    outbox.send([2]);
    await Promise.resolve();
    outbox.send([3]);
    await Promise.resolve().then(() => outbox.send([4]));
    await turn();
    outbox.send([5]);
    await turn();
    expect(texts).toEqual(["[[1],[2],[3],[4]]", "[[5]]"]);
  });

  test("sends at once what shall not wait, behind what was sent before it, and nothing twice", async () => {
    const { outbox, texts } = open();
    outbox.send([1]);
    outbox.sendNow([2]);
    expect(texts).toEqual(["[[1],[2]]"]);
    outbox.send([3]);
    await turn();
    expect(texts).toEqual(["[[1],[2]]", "[[3]]"]);
  });

  test("cuts a batch that is too long, and refuses only the message that is", async () => {
    const { outbox, texts, refused } = open({ most: 20 });
    outbox.send(["a".repeat(10)]);
    outbox.send(["b".repeat(30)]);
    outbox.send(["c".repeat(10)]);
    await turn();
    expect(texts).toEqual(['[["aaaaaaaaaa"]]', '[["cccccccccc"]]']);
    expect(refused).toEqual([[["b".repeat(30)], 36]]);
  });

  test("keeps back what nobody reads, until it is read", async () => {
    const { outbox, texts } = open({ window: 10 });
    outbox.send(["0123456789"]);
    await turn();
    outbox.send(["next"]);
    outbox.send(["last"]);
    await turn();
    expect(texts).toEqual(['[["0123456789"]]']);
    outbox.read(16);
    expect(texts).toEqual(['[["0123456789"]]', '[["next"],["last"]]']);
  });

  test("sends at once what would be too much at a time", () => {
    const { outbox, texts } = open();
    for (let index = 0; index < 2_500; index++) outbox.send(0);
    expect(texts.map((text) => JSON.parse(text).length)).toEqual([1_000, 1_000]);
    outbox.flush();
    expect(texts.map((text) => JSON.parse(text).length)).toEqual([1_000, 1_000, 500]);
  });
});
