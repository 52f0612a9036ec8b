import { existsSync } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { say } from "../say.ts";
import { type StartOptions, start } from "./start.ts";

/** Runs the support desk: the project in this folder if there is one, else a copy of the bundled one. */
export async function demo(options: StartOptions): Promise<number> {
  if (existsSync("mofa.config.yaml")) return start(".", options);
  const folder = resolve("mofa-demo");
  if (!existsSync(join(folder, "mofa.config.yaml"))) {
    await mkdir(folder, { recursive: true });
    await cp(fileURLToPath(new URL("../demo", import.meta.url)), folder, { recursive: true });
    say(`made the project ${folder}: look around in it while it runs`);
  }
  return start(folder, options);
}
