import { expect, test } from "vitest";
import { seededRandom } from "../../testing/ids.ts";
import { type CallHost, Calls, LiveCall } from "./live-call.ts";

test("a list of calls holds exactly those that joined and did not leave, in whatever order they leave", () => {
  const random = seededRandom(11);
  let count = 0;
  const roots = new Calls();
  // What a call needs while it is only linked and let go.
  const host = { roots, ids: { next: () => ++count, text: String } } as unknown as CallHost;
  const there = new Set<LiveCall>();
  for (let round = 0; round < 3000; round++) {
    if (random() < 0.5 || there.size === 0) {
      const call = new LiveCall(host, { kind: "tool", name: "t", run: () => undefined }, undefined, undefined);
      call.enlist();
      there.add(call);
    } else {
      const call = [...there][Math.floor(random() * there.size)] as LiveCall;
      there.delete(call);
      expect([call.end(), call.end()]).toEqual([true, false]);
    }
  }
  const found: LiveCall[] = [];
  roots.cancel((call) => found.push(call));
  expect(found).toHaveLength(there.size);
  expect(new Set(found)).toEqual(there);
});
