import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readPublic, root } from "../src/workspace.ts";
import { run } from "./program.ts";

/** A published package: its name, its tarball and what can be imported from it. */
export interface Packed {
  readonly name: string;
  readonly tarball: string;
  /** As in `@mofa/kernel/host`; none for a package that is only a command. */
  readonly entries: readonly string[];
}

// The pnpm that runs this, where one does: asking npx for it each time asks the registry each time.
const running = process.env["npm_execpath"];
const pnpm: readonly string[] =
  running?.includes("pnpm") === true ? [running] : ["npx", "--yes", "--prefer-offline", "pnpm@12.21.0"];

/** Packs every public package as it would be published. */
export async function pack(folder: string): Promise<readonly Packed[]> {
  await mkdir(folder, { recursive: true });
  const packages = readPublic();
  for (const { folder: cwd } of packages) await must([...pnpm, "pack", "--pack-destination", folder], join(root, cwd));
  const tarballs = await readdir(folder);
  return packages.map(({ manifest }) => {
    const file = `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`;
    if (!tarballs.includes(file)) throw new Error(`${file} was not packed.`);
    const paths = Object.entries(manifest.publishConfig?.exports ?? {}).filter(
      ([, target]) => typeof target !== "string",
    );
    return {
      name: manifest.name,
      tarball: join(folder, file),
      entries: paths.map(([path]) => join(manifest.name, path)),
    };
  });
}

/** Makes a project outside the workspace that uses the packed packages as anybody would. */
export async function createConsumer(folder: string, packages: readonly Packed[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = Object.fromEntries(packages.map(({ name, tarball }) => [name, `file:${tarball}`]));
  const others = await versions(["better-sqlite3", "zod", "typescript", "@types/node"]);
  await write(folder, "package.json", {
    name: "consumer",
    private: true,
    type: "module",
    dependencies: { ...files, ...others },
  });
  // The packages name each other by version, and no registry has them: the overrides send them to the tarballs.
  await write(folder, "pnpm-workspace.yaml", { overrides: files, allowBuilds: { "isolated-vm": false } });
  await write(folder, "tsconfig.json", {
    compilerOptions: {
      target: "es2024",
      lib: ["es2024", "esnext.disposable"],
      module: "nodenext",
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    },
    include: ["*.ts"],
  });
  const install = [...pnpm, "install", "--no-frozen-lockfile"];
  // The store has most of it from this workspace's own install: a slow registry is asked only for what it lacks.
  await must([...install, "--offline"], folder).catch(() => must([...install, "--prefer-offline"], folder));
}

async function versions(names: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(join(root, "pnpm-workspace.yaml"), "utf8");
  return Object.fromEntries(
    names.map((name) => [name, new RegExp(`^  "?${name}"?: (.+)$`, "m").exec(text)?.[1] ?? "latest"]),
  );
}

// JSON is YAML too.
function write(folder: string, name: string, value: unknown): Promise<void> {
  return writeFile(join(folder, name), `${JSON.stringify(value, undefined, 2)}\n`);
}

async function must([program = "", ...args]: readonly string[], cwd: string): Promise<void> {
  const { code, output } = await run(program, args, { cwd });
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} in ${cwd}:\n${output}`);
}
