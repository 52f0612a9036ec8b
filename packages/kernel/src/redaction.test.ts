import { expect, test } from "vitest";
import type { Action } from "./action.ts";
import type { Event } from "./event.ts";
import { testKernel } from "./testing/index.ts";

const SECRET = "sk-hunter22";

function speaks(...pieces: readonly string[]): Action<object, string> {
  return {
    kind: "tool",
    name: "speaks",
    run: (_input, call) => {
      for (const body of pieces) call.emit("action.delta", { body });
      return pieces.join("");
    },
  };
}

const said = (events: readonly Event[]) =>
  events.flatMap((event) => (event.type === "action.delta" ? [event.body] : []));

test("a secret in pieces of a growing answer is hidden, and all else is told in order before the end", async () => {
  await using kernel = await testKernel();
  kernel.secrets.add("key", SECRET);
  const events: Event[] = [];
  kernel.own(kernel.watch({}, (event) => void events.push(event)));
  await kernel.invoke(speaks("it is ", "sk", "-hunt", "er22, you", " see: s"), {});
  expect(said(events)).toEqual(["it is ", "[secret key], you", " see: ", "s"]);
  expect(events.map(({ type }) => type).slice(-2)).toEqual(["action.delta", "action.end"]);
  expect(JSON.stringify(events)).not.toContain("hunter");
});

test("who watches only pieces gets the last one too", async () => {
  await using kernel = await testKernel();
  kernel.secrets.add("key", SECRET);
  const events: Event[] = [];
  kernel.own(kernel.watch({ type: "action.delta" }, (event) => void events.push(event)));
  await kernel.invoke(speaks("thanks"), {});
  await kernel.invoke(speaks("thanks"), {});
  expect(said(events).join("|")).toBe("thank|s|thank|s");
});

test("pieces of two calls at a time are not mixed up", async () => {
  await using kernel = await testKernel();
  kernel.secrets.add("key", SECRET);
  const events: Event[] = [];
  kernel.own(kernel.watch({ type: "action.delta" }, (event) => void events.push(event)));
  const tool = speaks("sk-", "hunter22!");
  const outer: Action<object, void> = {
    kind: "tool",
    name: "outer",
    run: async (_input, call) => {
      call.emit("action.delta", { body: "sk-" });
      await call.invoke(tool, {});
      call.emit("action.delta", { body: "y" });
    },
  };
  await kernel.invoke(outer, {});
  expect(events.map((event) => `${event.name} ${said([event])[0]}`)).toEqual(["speaks [secret key]!", "outer sk-y"]);
});

test("inputs, outputs, errors and log lines are told without secrets; who asked gets what the action gave", async () => {
  await using kernel = await testKernel();
  kernel.secrets.add("key", SECRET);
  const events: Event[] = [];
  kernel.own(kernel.watch({}, (event) => void events.push(event)));
  const fails: Action<{ readonly key: string }, void> = {
    kind: "tool",
    name: "fails",
    run: (input, call) => {
      call.log.warn(`got ${input.key}`, { authorization: `Bearer ${input.key}` });
      throw new Error(`refused ${input.key}`, { cause: new Error(`by ${input.key}`) });
    },
  };
  await expect(kernel.invoke(fails, { key: SECRET })).rejects.toThrow(`refused ${SECRET}`);
  expect(await kernel.invoke(speaks(SECRET), {})).toBe(SECRET);
  expect(JSON.stringify([events, kernel.logged])).not.toContain("hunter22");
  expect(kernel.logged[0]).toMatchObject({ message: "got [secret key]", from: "tool:fails", trace: events[0]?.trace });
});

test("an event that cannot be looked into is not told, and stops nothing", async () => {
  await using kernel = await testKernel();
  kernel.secrets.add("key", SECRET);
  const events: Event[] = [];
  kernel.own(kernel.watch({ type: "action.start" }, (event) => void events.push(event)));
  const input = {
    get boom(): string {
      throw new Error("no");
    },
  };
  expect(await kernel.invoke(speaks("fine"), input)).toBe("fine");
  expect(events).toEqual([]);
  expect(kernel.logged.map(({ message }) => message)).toEqual(["A watcher of events threw: no"]);
});
