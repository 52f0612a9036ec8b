import { type Agent, definePlugin, type Plugin } from "@mofa/sdk";
import type { ReactOptions } from "@mofa/sdk/agents";
import { isolated } from "@mofa/sdk/runtime";
import type { Say } from "./say.ts";

/** In a process of its own, which `house` brings back when it dies. */
export const guard: Agent = isolated({
  name: "guard",
  module: new URL("./guard.ts", import.meta.url),
  export: "guard",
  isolation: "process",
  capabilities: ["patrol"],
  supervision: { supervisor: "house" },
});

/** Prints one job at a time, a page every 30 ms, and can be interrupted between two pages. */
export const press = (say: Say): Agent => ({
  kind: "agent",
  name: "press",
  roles: ["printer"],
  async run({ job, pages }: { readonly job: string; readonly pages: number }, call) {
    say("press", `begins with ${job}`);
    for (let page = 1; page <= pages; page++) {
      call.emit("action.delta", { body: `${page} ` });
      await call.sleep(30).catch((reason: unknown) => {
        say("press", `puts ${job} aside on page ${page} of ${pages}`);
        throw reason;
      });
    }
    say("press", `has done all ${pages} pages of ${job}`);
    return { pages };
  },
});

/** Answers with the rehearsal model, and never comes to an end by itself. */
export const teller: ReactOptions = { name: "teller", model: "rehearsal", instructions: "Tell stories." };

const READS: Readonly<Record<string, (letter: string) => string>> = {
  "1.0.0": (letter) => {
    // ASCII, as it was done in the old days.
    if (/[^ -~]/u.test(letter)) throw new RangeError(`no type for "${letter}"`);
    return letter;
  },
  "1.1.0": (letter) => letter,
  "1.2.0": (letter) => letter.toUpperCase().replaceAll(/[AEIOU]/gu, ""),
};

/** The mail room: the same plugin in three versions, of which one is worse than the one before. */
export function mailRoom(version: string, say: Say): Plugin {
  const read = READS[version] ?? String;
  return definePlugin({
    name: "mail-room",
    version,
    setup(ctx) {
      const run = (letter: string) => say("mail", `reads: ${read(letter)}`);
      ctx.provide("agent", { kind: "agent", name: "mail", input: { type: "string" }, run });
    },
  })();
}
