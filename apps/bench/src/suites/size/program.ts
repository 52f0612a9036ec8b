import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** The folder of the repository. */
export const root = fileURLToPath(new URL("../../../../../", import.meta.url));

/** Runs a program to its end and gives what it wrote; `may` lets it fail. */
export async function run(program: string, args: readonly string[], cwd: string, may?: "fail"): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { cwd, maxBuffer: 64e6 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
    if (may === "fail" && stdout !== undefined) return stdout;
    throw new Error(`${program} ${args.join(" ")} in ${cwd} failed:\n${stdout ?? ""}${stderr ?? ""}`, { cause: error });
  }
}
