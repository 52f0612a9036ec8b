import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { definePlugin, isMofaError, type Plugin } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { worker } from "./agents.ts";
import { CHANGING } from "./load.ts";

/** One version of the plugin that is swapped and rolled back all the time. */
export function changing(version: number, fails = false): Plugin {
  return definePlugin({
    name: "changing",
    version: `1.0.${version}`,
    drain: 2000,
    async setup(ctx) {
      ctx.provide("agent", { ...worker, name: CHANGING, roles: ["any"], topics: ["news.*"], capabilities: ["work"] });
      ctx.receive("topic:news.weather", () => version);
      ctx.wrap((step, next) => next(step), { kinds: ["agent"] });
      await undefined;
      if (fails) throw new Error("told to fail");
      return { snapshot: () => version, restore: () => {} };
    },
  })();
}

export interface Changes {
  /** Makes the next change of a plugin, and of a file. */
  next(): Promise<void>;
  readonly figures: { swaps: number; rollbacks: number; failed: number; files: number; broken: number };
}

/** Swaps, failing swaps and rollbacks, one after the other, and a plugin's file that is rewritten meanwhile. */
export function createChanges(kernel: Kernel, folder: string): Changes {
  const figures = { swaps: 0, rollbacks: 0, failed: 0, files: 0, broken: 0 };
  let count = 0;

  async function swap(): Promise<void> {
    try {
      await kernel.replace(changing(count, count % 7 === 0));
      figures.swaps++;
      if (count % 3 !== 0) return;
      await kernel.rollback("changing");
      figures.rollbacks++;
    } catch (error) {
      if (!isMofaError(error, "plugin.setup_failed")) throw error;
      figures.failed++;
    }
  }

  return {
    figures,
    async next() {
      count++;
      figures.files++;
      if (count % 5 === 0) figures.broken++;
      await writeFile(join(folder, "sky.ts"), count % 5 === 0 ? "export const plugin = {" : sky(count));
      // A file that comes and goes.
      if (count % 4 === 0) await writeFile(join(folder, "cloud.ts"), sky(count, "cloud"));
      if (count % 4 === 2) await rm(join(folder, "cloud.ts"), { force: true });
      await swap();
    },
  };
}

/** The text of a plugin that brings a tool. */
export function sky(version: number, name = "sky"): string {
  return `
import { definePlugin, type PluginContext } from "@mofa/kernel";
const kept: number[] = Array.from({ length: 10_000 }, (_, index) => index + ${version});
export const plugin = definePlugin({
  name: "hot-${name}",
  version: "1.0.${version}",
  setup(ctx: PluginContext) {
    ctx.provide("tool", { kind: "tool", name: "${name}", description: "", input: { type: "object" }, run: () => kept.length });
  },
});`;
}
