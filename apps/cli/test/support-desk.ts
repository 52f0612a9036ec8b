import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const EXAMPLE = fileURLToPath(new URL("../../../examples/support-desk", import.meta.url));
const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const LEFT_OUT = new Set(["node_modules", "data"]);

/** A copy of the support desk in a folder of its own. */
export async function copySupportDesk(): Promise<{ readonly folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "mofa-desk-"));
  await cp(EXAMPLE, folder, { recursive: true, filter: (source) => !LEFT_OUT.has(basename(source)) });
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves when standard error has this text; rejects when the command ends without it. */
  said(text: string): Promise<string>;
}

/** Runs the `mofa` command from its sources. */
export function mofa(args: readonly string[], folder: string, env: Readonly<Record<string, string>> = {}): Command {
  const { OPENAI_API_KEY: _key, OPENAI_BASE_URL: _url, ...inherited } = process.env;
  const child = spawn(process.execPath, ["--no-node-snapshot", "--conditions=@mofa/source", MAIN, ...args], {
    cwd: folder,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    for (const listener of listeners) listener();
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const said = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (stderr.includes(text)) resolve(stderr);
      };
      listeners.add(look);
      look();
      finished.then(() => reject(new Error(`ended without saying "${text}":\n${stderr}`)), reject);
    });
  // A test that fails must not leave its process behind.
  const end = async () => {
    child.kill("SIGKILL");
    await finished;
  };
  return { child, finished, said, [Symbol.asyncDispose]: end };
}
