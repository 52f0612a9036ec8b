// The agent that the soak runs inline, in threads and in processes: it works, and does wrong when it is told to.
import type { Agent, Call } from "@mofa/kernel";

/** What the agents of the soak are given; the key is what they give back. */
export interface Work {
  readonly key: string;
  readonly ms?: number;
  readonly deed?: "crash" | "hang" | "throw";
}

export const worker: Agent<Work, string> = {
  kind: "agent",
  name: "inner",
  async run({ key, ms = 0, deed }: Work, call: Call) {
    if (deed === "throw") throw new Error("told to throw");
    if (deed === "crash") process.exit(7);
    while (deed === "hang");
    if (ms > 0) await call.sleep(ms);
    if (ms === 1) await call.invoke(call.get("tool", "sky"), { key });
    return key;
  },
};
