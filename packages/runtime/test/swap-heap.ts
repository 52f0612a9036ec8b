// Run by hot-modules.test.ts in a process of its own, with the collector in hand: replaces a plugin two hundred times,
// each version holding a megabyte, and prints by how much the heap has grown.

import type { Plugin } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { readHotModules } from "../src/modules/hot-modules.ts";

const collect = globalThis.gc as () => void;
const heap = () => {
  for (let round = 0; round < 4; round++) collect();
  return process.memoryUsage().heapUsed;
};

const textOf = (version: number): Readonly<Record<string, string>> => ({
  "main.ts": `
    import { hold } from "./hold.ts";
    export const plugin = {
      name: "holder", version: "1.0.${version}",
      setup(ctx: unknown) { return { snapshot: () => hold.length }; },
    };`,
  "hold.ts": `export const hold: number[] = Array.from({ length: 131_072 }, (_, index) => index + ${version} / 1000);`,
});

async function load(version: number): Promise<Plugin> {
  const files = textOf(version);
  return (await readHotModules("main.ts", { folder: "/hot", text: (path) => files[path] }).evaluate())[
    "plugin"
  ] as Plugin;
}

await using kernel = await createKernel({ plugins: [await load(0)] });
for (let version = 1; version <= 20; version++) await kernel.replace(await load(version));
const before = heap();
for (let version = 21; version <= 200; version++) await kernel.replace(await load(version));
process.stdout.write(JSON.stringify({ version: kernel.plugins()[0]?.version, grown: heap() - before }));
