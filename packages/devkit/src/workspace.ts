import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

type Dependencies = Readonly<Record<string, string>>;
type Exports = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

/** The parts of a package.json that the checks read. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly dependencies?: Dependencies;
  readonly peerDependencies?: Dependencies;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly optionalDependencies?: Dependencies;
  readonly devDependencies?: Dependencies;
  readonly publishConfig?: { readonly exports?: Exports };
}

/** A package of this workspace. */
export interface Package {
  /** Relative to the root, as in `packages/kernel`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** All packages of the workspace. */
export function readWorkspace(): readonly Package[] {
  return ["packages", "apps", "examples"]
    .filter((group) => existsSync(join(root, group)))
    .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .map((folder) => ({ folder, manifest: readManifest(folder) }));
}

/** The packages that are published. */
export function readPublic(): readonly Package[] {
  return readWorkspace().filter(({ manifest }) => manifest.private !== true);
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
}
