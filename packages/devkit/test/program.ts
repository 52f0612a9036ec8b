import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What a program came to. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
}

interface Place {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], { cwd, env }: Place): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/** A program that serves: what its first address is, until it is disposed. */
export interface Served extends AsyncDisposable {
  readonly url: string;
}

/** Starts a program that serves and waits for the address that it prints; one that prints none in time is ended. */
export async function serve(program: string, args: readonly string[], { cwd, env }: Place): Promise<Served> {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "ignore"] });
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  child.on("error", () => {});
  const end = () => {
    child.kill("SIGKILL");
    return closed;
  };
  const timer = setTimeout(end, 20_000);
  for await (const line of createInterface(child.stdout)) {
    const url = /https?:\/\/[^\s"']+/.exec(line)?.[0];
    if (url === undefined) continue;
    clearTimeout(timer);
    // Keeps reading, so that the program never waits for somebody to read.
    child.stdout.resume();
    return { url, [Symbol.asyncDispose]: end };
  }
  clearTimeout(timer);
  throw new Error(`${program} ${args.join(" ")} printed no address.`);
}
