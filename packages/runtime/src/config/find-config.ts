import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fail } from "../errors.ts";
import { ENDINGS } from "./source.ts";

/** Finds the one config file of a folder; two are refused by name, whichever would win. */
export async function findConfig(folder: string, name: string): Promise<string> {
  const files: readonly string[] = await readdir(folder).catch((error: NodeJS.ErrnoException): readonly string[] => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw fail("config.unreadable", { file: folder, reason: error.message }, { cause: error });
  });
  const found = ENDINGS.map((ending) => `${name}.${ending}`).filter((file) => files.includes(file));
  const [file] = found;
  if (file === undefined) throw fail("config.not_found", { folder, name, endings: ENDINGS.join(", ") });
  if (found.length > 1) throw fail("config.ambiguous", { folder, files: found.join(" and ") });
  return join(folder, file);
}
