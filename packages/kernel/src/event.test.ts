import { expect, test } from "vitest";
import { createEventStream, type Event } from "./event.ts";

const event = (body = "word"): Event => ({
  type: "action.delta",
  at: 0,
  trace: "t",
  call: "c",
  kind: "tool",
  name: "talk",
  body,
});

test("one that throws keeps none of the others from hearing", () => {
  const failures: unknown[] = [];
  const stream = createEventStream((error) => void failures.push(error));
  const heard: string[] = [];
  stream.watch({}, () => void heard.push("first"));
  stream.watch({}, () => {
    throw new TypeError("broken");
  });
  stream.watch({}, () => void heard.push("last"));
  stream.tell(event());
  expect(heard).toEqual(["first", "last"]);
  expect(failures).toEqual([new TypeError("broken")]);
});

test("one that left in the middle of a round hears nothing more of it, and one that came hears the next", () => {
  const stream = createEventStream(() => {});
  const heard: string[] = [];
  let leave = () => {};
  const stop = stream.watch({ type: "action.delta" }, () => {
    leave();
    stop();
    stream.watch({ type: "action.delta" }, () => void heard.push("new"));
  });
  leave = stream.watch({ type: "action.delta" }, () => void heard.push("left"));
  stream.tell(event());
  expect(heard).toEqual([]);
  stream.tell(event());
  expect(heard).toEqual(["new"]);
});

test("one function that watches twice is two watchers, and each leaves for itself", () => {
  const stream = createEventStream(() => {});
  let heard = 0;
  const watcher = () => void heard++;
  const stops = [stream.watch({ kind: "tool" }, watcher), stream.watch({ kind: "tool" }, watcher)];
  stream.tell(event());
  expect(heard).toBe(2);
  stops[0]?.();
  stops[0]?.();
  stream.tell(event());
  expect(heard).toBe(3);
  stops[1]?.();
  stream.tell(event());
  expect(heard).toBe(3);
  expect(stream.watchers).toBe(0);
});

test("a watcher that tells another event is not in the way of the first", () => {
  const stream = createEventStream(() => {});
  const heard: string[] = [];
  stream.watch({ type: "action.delta" }, (told) => {
    if (told.type === "action.delta" && told.body === "first") stream.tell(event("second"));
  });
  stream.watch({ type: "action.delta" }, (told) => {
    if (told.type === "action.delta") heard.push(told.body);
  });
  stream.tell(event("first"));
  expect(heard).toEqual(["second", "first"]);
});

test("several named fields must all match", () => {
  const stream = createEventStream(() => {});
  const heard: string[] = [];
  stream.watch({ trace: "t", kind: "tool" }, () => void heard.push("both"));
  stream.watch({ trace: "t", kind: "model" }, () => void heard.push("never"));
  stream.tell(event());
  expect(heard).toEqual(["both"]);
});
