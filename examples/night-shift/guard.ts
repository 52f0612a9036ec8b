import type { Agent } from "@mofa/sdk";

let rounds = 0;

/** Walks round the building, and falls down the stairs on every fourth round: its process dies, and only its process. */
export const guard: Agent = {
  kind: "agent",
  name: "guard",
  run() {
    rounds++;
    if (rounds === 4) process.exit(1);
    return { rounds };
  },
};
