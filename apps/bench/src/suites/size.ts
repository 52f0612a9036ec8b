// What it costs to have MoFA: time to import, disk, packages, and work for the type checker. All of it is measured on the
// packed packages, installed by npm into an empty folder, as anybody would have them.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Result, Suite } from "../measure.ts";
import { figure } from "./size/figure.ts";
import { importCases } from "./size/import-time.ts";
import { type Installed, install, pack } from "./size/install.ts";
import { typeCase } from "./size/types.ts";

const CORE = ["kernel", "agents", "sdk", "persistence", "plugins-llm"];
const DATABASE = "better-sqlite3";
const CLIENTS = ["openai", "@anthropic-ai/sdk"];

export function size(): Suite {
  return {
    name: "size",
    async run(report, rounds) {
      const folder = await mkdtemp(join(tmpdir(), "mofa-size-"));
      try {
        const tarballs = await pack(CORE, folder);
        const kernel = await install(join(folder, "kernel"), { "@mofa/kernel": tarballs["@mofa/kernel"] ?? "" });
        const core = await install(join(folder, "core"), { ...tarballs, [DATABASE]: "catalog:" });
        for (const results of sizes(kernel, core)) report(results);
        report(await typeCase(core.folder));
        for await (const results of importCases(kernel.folder, core.folder, rounds)) report(results);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

function sizes(kernel: Installed, core: Installed): readonly (readonly Result[])[] {
  const clients = [...CLIENTS, DATABASE].filter((name) => core.packages.has(name));
  const title = "sdk with OpenAI and SQLite";
  const megabytes = (installed: Installed, without: readonly string[] = []) => {
    const kept = [...installed.packages].filter(([name]) => !without.includes(name));
    return kept.reduce((sum, [, bytes]) => sum + bytes, 0) / 1e6;
  };
  const only = clients.reduce((sum, name) => sum + (core.packages.get(name) ?? 0), 0) / 1e6;
  return [
    [figure("installed: kernel", "mofa", "MB", megabytes(kernel))],
    [figure("packages: kernel", "mofa", "packages", kernel.packages.size)],
    [
      figure(`installed: ${title}`, "limit", "MB", only, 1),
      figure(`installed: ${title}`, "mofa", "MB", megabytes(core), megabytes(core) / only),
    ],
    [figure(`installed: ${title}, beside the official model clients`, "mofa", "MB", megabytes(core, CLIENTS))],
    [figure(`installed: ${title}, beside clients and ${DATABASE}`, "mofa", "MB", megabytes(core, clients))],
    [
      figure(`packages: ${title}`, "limit", "packages", clients.length, 1),
      figure(`packages: ${title}`, "mofa", "packages", core.packages.size, core.packages.size / clients.length),
    ],
    ...largest(core).map(([name, bytes]) => [
      figure(`installed: ${title}, of which ${name}`, "mofa", "MB", bytes / 1e6),
    ]),
  ];
}

function largest({ packages }: Installed): readonly (readonly [string, number])[] {
  return [...packages].toSorted(([, left], [, right]) => right - left).slice(0, 3);
}
