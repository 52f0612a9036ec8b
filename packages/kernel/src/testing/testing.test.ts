import { describe, expect, test } from "vitest";
import type { AnyAction } from "../action.ts";
import { countedIds, seededRandom } from "./ids.ts";
import { testKernel } from "./kernel.ts";
import { leakGuard } from "./leaks.ts";
import { scriptedModel } from "./scripted-model.ts";

const caught = (work: Promise<unknown>) =>
  work.then(
    () => "well",
    (error: unknown) => error,
  );
const tool = (run: AnyAction["run"]): AnyAction => ({ kind: "tool", name: "t", run });

describe("the guard of the test kernel", () => {
  test("is silent when nothing is left", async () => {
    const kernel = await testKernel();
    const stop = kernel.watch({}, () => {});
    await kernel.invoke(
      tool((_, call) => call.signal.aborted),
      {},
      { timeout: 5 },
    );
    stop();
    expect([await caught(kernel.end()), await caught(kernel.end())]).toEqual(["well", "well"]);
  });

  test.each<[string, (kernel: Awaited<ReturnType<typeof testKernel>>) => void, string]>([
    ["a watcher", (kernel) => void kernel.watch({ trace: "x" }, () => {}), "1 watchers"],
    ["a timer", (kernel) => void kernel.clock.after(5, () => {}), "1 timers"],
    [
      "a call that ignores the end of its parent",
      (kernel) =>
        void kernel
          .invoke(
            tool((_, call) =>
              call.invoke(
                tool(() => new Promise(() => {})),
                {},
              ),
            ),
            {},
          )
          .catch(() => {}),
      "1 calls in flight",
    ],
  ])("names %s that is left", async (_, leave, what) => {
    const kernel = await testKernel();
    leave(kernel);
    expect(await caught(kernel.end())).toMatchObject({ code: "testing.leak", data: { what } });
  });
});

test("the leak guard finds what keeps the process alive, and nothing that was there before", () => {
  const resources = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout");
  const old = setTimeout(() => {}, 1e6);
  const check = leakGuard(resources);
  check();
  const left = [setTimeout(() => {}, 1e6), setTimeout(() => {}, 1e6)];
  expect(check).toThrow(expect.objectContaining({ code: "testing.leak", data: { what: "2 Timeout" } }));
  for (const timer of left) clearTimeout(timer);
  check();
  clearTimeout(old);
});

describe("the scripted model", () => {
  test("gives its replies in order, streams their words, and keeps the requests", async () => {
    await using kernel = await testKernel();
    const call = { id: "1", name: "weather", input: {} };
    const model = scriptedModel(["Good day", { toolCalls: [call] }, ({ messages }) => `${messages.length} messages`]);
    const words: string[] = [];
    const stop = kernel.watch(
      { type: "action.delta" },
      (event) => void (event.type === "action.delta" && words.push(event.body)),
    );
    const ask = { messages: [{ role: "user", text: "hi" }] } as const;
    const replies = [await kernel.invoke(model, ask), await kernel.invoke(model, ask), await kernel.invoke(model, ask)];
    stop();
    expect(replies.map(({ text, finish }) => [text, finish])).toEqual([
      ["Good day", "stop"],
      ["", "tools"],
      ["1 messages", "stop"],
    ]);
    expect([words, model.requests]).toEqual([
      ["Good ", "day", "1 ", "messages"],
      [ask, ask, ask],
    ]);
    expect(await caught(kernel.invoke(model, ask))).toMatchObject({ code: "testing.script_ended" });
  });
});

test("counted ids count, and equal seeds give equal numbers", () => {
  const ids = countedIds();
  expect([ids.next(), ids.text(ids.next()), ids.unique(), ids.unique()]).toEqual([1, "c2", "u1", "u2"]);
  const [one, two] = [seededRandom(4), seededRandom(4)];
  const numbers = Array.from({ length: 1000 }, one);
  expect(numbers).toEqual(Array.from({ length: 1000 }, two));
  expect([Math.min(...numbers) >= 0, Math.max(...numbers) < 1, new Set(numbers).size]).toEqual([true, true, 1000]);
});
