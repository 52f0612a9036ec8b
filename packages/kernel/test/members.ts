import type { Agent, AgentLife } from "../src/kinds/agent.ts";
import { type TestKernel, testKernel } from "../src/testing/kernel.ts";
import { agent } from "./agents.ts";

/** A kernel whose waits before restarts are exact, so that tests can count milliseconds. */
export async function openExact(): Promise<TestKernel> {
  const kernel = await testKernel();
  kernel.provide("supervisor", { name: "kernel", backoff: { jitter: 0 } });
  return kernel;
}

/** Each agent with its status. */
export const statuses = (kernel: TestKernel) => kernel.agents().map(({ name, status }) => `${name} ${status}`);

/** An agent that notes its starts, stops and turns, and can be made to fail by hand. */
export function member(name: string, log: string[], more: Partial<Agent> = {}) {
  const state = { life: undefined as AgentLife | undefined, fails: 0 };
  const one = agent(
    name,
    async (input, call) => {
      log.push(`${name} begins ${String(input)}`);
      if (input === "crash") throw Object.assign(new Error("boom"), { code: "x" });
      await call.sleep(10);
      log.push(`${name} did ${String(input)}`);
      return input;
    },
    {
      start(life) {
        log.push(`${name} starts`);
        state.life = life;
        if (state.fails-- > 0) throw new Error("no key");
      },
      stop: () => void log.push(`${name} stops`),
      ...more,
    },
  );
  return { one, state };
}
