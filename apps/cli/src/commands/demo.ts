import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Terminal } from "../terminal.ts";
import { type StartOptions, start } from "./start.ts";

// Beside the built command, and in the repository when the sources run.
const PLACES = ["./demo", "../../../../examples/support-desk"];
const LEFT_OUT = new Set(["node_modules", "data", "package.json"]);

/** Runs the support desk: the project in this folder if there is one, else a copy of the bundled one. */
export async function demo(options: StartOptions, terminal: Terminal): Promise<number> {
  if (existsSync("mofa.config.yaml")) return start(".", options, terminal);
  const folder = resolve("mofa-demo");
  if (!existsSync(join(folder, "mofa.config.yaml"))) {
    const bundled = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((place) =>
      existsSync(place),
    );
    await cp(bundled ?? "", folder, { recursive: true, filter: (source) => !LEFT_OUT.has(basename(source)) });
    terminal.say(`made the project ${folder}: look around in it while it runs`);
  }
  return start(folder, options, terminal);
}
