import type { Agent } from "../src/kinds/agent.ts";

/** An agent that does what it is given to do. */
export const agent = (name: string, run: Agent["run"], more: Partial<Agent> = {}): Agent => ({
  kind: "agent",
  name,
  run,
  ...more,
});
/** A message to `agent:ann`. */
export const tell = (body: unknown) => ({ to: "agent:ann", type: "x", body });

/** An agent whose turns take 10 ms, and the most that it had at a time. */
export function worker(more: Partial<Agent> = {}) {
  const state = { now: 0, most: 0, order: [] as unknown[] };
  const ann = agent(
    "ann",
    async (input, call) => {
      state.now++;
      state.most = Math.max(state.most, state.now);
      await call.sleep(10);
      state.now--;
      state.order.push(input);
      return input;
    },
    more,
  );
  return { ann, state };
}
