// What runs in the other thread: an agent that speaks in bursts, and echoes.
import { setImmediate } from "node:timers/promises";
import type { Agent, Call } from "@mofa/kernel";

const BURST = 1_000;

/** Says a piece so many times, or gives back what it was given. */
export const agent: Agent = {
  kind: "agent",
  name: "thread",
  async run(input: { readonly times: number; readonly body: string }, call: Call) {
    for (let left = input.times; left > 0; left -= BURST) {
      for (let index = Math.min(left, BURST); index > 0; index--) call.emit("action.delta", { body: input.body });
      await setImmediate();
    }
    return input;
  },
};
