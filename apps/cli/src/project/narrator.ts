import type { Plugin } from "@mofa/sdk";

/** Says, line by line, when a run has ended and when a person is asked. */
export function narrator(told: (line: string) => void): Plugin {
  return {
    name: "narrator",
    version: "0.1.0",
    setup(ctx) {
      ctx.watch({ type: "run.changed" }, (event) => {
        if (event.type !== "run.changed" || !["done", "failed", "cancelled", "dead"].includes(event.status)) return;
        told(`${event.run} ${event.status}${event.reason === undefined ? "" : `: ${event.reason}`}`);
      });
      ctx.watch({ type: "decision.changed" }, (event) => {
        if (event.type === "decision.changed" && event.status === "open") told(`${event.run} waits for a person`);
      });
    },
  };
}
