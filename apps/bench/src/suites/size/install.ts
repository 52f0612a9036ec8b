import { existsSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root, run } from "./program.ts";

/** An empty folder into which packages were installed. */
export interface Installed {
  readonly folder: string;
  /** Bytes on disk of each package, those it holds within itself counted on their own. */
  readonly packages: ReadonlyMap<string, number>;
}

/** Packs packages of the workspace as they would be published; gives their tarballs by name. */
export async function pack(names: readonly string[], folder: string): Promise<Readonly<Record<string, string>>> {
  const tarballs: Record<string, string> = {};
  for (const name of names) {
    const cwd = join(root, "packages", name);
    if (!existsSync(join(cwd, "dist")))
      throw new Error(`packages/${name} is not built: "npm run bench -- size" builds it.`);
    const { packageManager } = await readJson(join(root, "package.json"));
    await run("npx", ["--yes", packageManager as string, "pack", "--pack-destination", folder], cwd);
    const { version } = await readJson(join(cwd, "package.json"));
    tarballs[`@mofa/${name}`] = `file:${join(folder, `mofa-${name}-${version as string}.tgz`)}`;
  }
  return tarballs;
}

/** Installs packages with npm; `catalog:` stands for the version that the workspace uses. */
export async function install(folder: string, dependencies: Readonly<Record<string, string>>): Promise<Installed> {
  await mkdir(folder, { recursive: true });
  const catalog = await readFile(join(root, "pnpm-workspace.yaml"), "utf8");
  const version = (name: string) => new RegExp(`^  "?${name}"?: (.+)$`, "m").exec(catalog)?.[1] ?? "latest";
  const wanted = Object.entries(dependencies).map(([name, spec]) => [name, spec === "catalog:" ? version(name) : spec]);
  const manifest = { name: "empty", private: true, type: "module", dependencies: Object.fromEntries(wanted) };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  // None of the packages needs its install script.
  await run(
    "npm",
    ["install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--prefer-offline"],
    folder,
  );
  return { folder, packages: await weigh(join(folder, "node_modules")) };
}

async function weigh(modules: string): Promise<ReadonlyMap<string, number>> {
  const packages = new Map<string, number>();
  for (const folder of await packageFolders(modules)) {
    const inner = join(folder, "node_modules");
    for (const [name, bytes] of existsSync(inner) ? await weigh(inner) : []) packages.set(`${folder}/${name}`, bytes);
    packages.set(folder.slice(modules.length + 1), await diskUse(folder, inner));
  }
  return packages;
}

async function packageFolders(modules: string): Promise<readonly string[]> {
  const names = (await readdir(modules)).filter((name) => !name.startsWith("."));
  const folders = await Promise.all(
    names.map(async (name) => {
      if (!name.startsWith("@")) return [join(modules, name)];
      return (await readdir(join(modules, name))).map((inner) => join(modules, name, inner));
    }),
  );
  return folders.flat();
}

async function diskUse(path: string, except: string): Promise<number> {
  if (path === except) return 0;
  const { blocks } = await lstat(path);
  const entries = await readdir(path, { withFileTypes: true });
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const inner = join(path, entry.name);
      return entry.isDirectory() ? diskUse(inner, except) : (await lstat(inner)).blocks * 512;
    }),
  );
  return sizes.reduce((sum, bytes) => sum + bytes, blocks * 512);
}

async function readJson(path: string): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(await readFile(path, "utf8"));
}
