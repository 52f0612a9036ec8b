// Sets the repository up on a machine that has nothing but Node 20 and npm: packages, Node 24 among them, and the build.
// Plain JavaScript without dependencies, since it runs before any is there.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

const bin = join(root, "node_modules", ".bin");
const stampFile = join(root, "node_modules", ".mofa-setup.json");
const running = new Set();
let progress = process.stdout;

/** Something the person at the keyboard has to mend; the message is one sentence that says how. */
export class SetupError extends Error {}

/** Installs what is missing; gives the Node to run the project with and the environment for its tools. */
export async function setUp(options = {}) {
  progress = options.progress ?? process.stdout;
  if (Number(process.versions.node.split(".")[0]) < 20)
    throw new SetupError(`This is Node ${process.versions.node}: install Node 20 or newer and run the command again.`);
  const wanted = fingerprint();
  let stamp = readStamp();
  if (stamp.fingerprint !== wanted || !existsSync(join(bin, "turbo")) || !existsSync(stamp.pnpm)) {
    await checkDisk();
    await stage("setup: installing packages", install);
    stamp = { fingerprint: fingerprint(), pnpm: await findPnpm() };
    writeFileSync(stampFile, JSON.stringify(stamp));
  }
  return { node: findNode(), env: environment(stamp.pnpm) };
}

/** Builds packages and what they depend on, from the cache where nothing has changed. */
export async function build(env, packages) {
  const filters = packages.map((name) => `--filter=${name}`);
  const { code, output } = await stage("setup: building", () => turbo(env, ["build", ...filters]));
  if (code !== 0)
    throw new SetupError(`${output}\nThe build failed: mend what is said above and run the command again.`);
}

/** Runs turbo tasks; the output holds the logs of the tasks that failed. */
export function turbo(env, tasks) {
  return run("turbo", ["run", ...tasks, "--output-logs=errors-only", "--log-prefix=none", "--log-order=grouped"], env);
}

/** Shows one line for a piece of work: what it is, and the seconds it took. */
export async function stage(title, work) {
  const start = Date.now();
  const seconds = () => `${title} … ${Math.round((Date.now() - start) / 1000)} s`;
  const ticking = progress.isTTY ? setInterval(() => progress.write(`\r${seconds()}`), 1000) : undefined;
  progress.write(`${title} … `);
  try {
    return await work();
  } finally {
    clearInterval(ticking);
    progress.write(progress.isTTY ? `\r${seconds()}\n` : `${Math.round((Date.now() - start) / 1000)} s\n`);
  }
}

/** Runs the body of a command: an expected failure is one sentence, and being interrupted ends what was started. */
export async function command(body) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, interrupted);
  try {
    process.exitCode = await body();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** Stops watching for signals, for a command that passes them on itself. */
export function leaveSignals() {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, interrupted);
}

function interrupted(signal) {
  for (const child of running) child.kill(signal);
  process.exit(128 + constants.signals[signal]);
}

async function install() {
  const args = [
    "--yes",
    "--prefer-offline",
    pnpmPackage(),
    "install",
    "--reporter=append-only",
    "--config.confirm-modules-purge=false",
  ];
  const { code, output } = await run("npx", args, {
    ...process.env,
    // A registry that cannot be reached should be said soon, not after minutes of retries.
    npm_config_fetch_retries: "1",
    npm_config_fetch_retry_mintimeout: "2000",
    pnpm_config_fetch_retries: "1",
    pnpm_config_fetch_retry_mintimeout: "2000",
  });
  if (code !== 0) throw new SetupError(explain(output));
}

/** Says in one sentence what to do about an install that failed. */
export function explain(output) {
  if (/ENOSPC|no space left/i.test(output)) return "The disk is full: free 1.5 GB and run the command again.";
  const unreachable =
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|fetch failed|META_FETCH_FAIL|error sending request|dns error/i;
  if (unreachable.test(output))
    return 'The npm registry cannot be reached: connect to the network, or name a registry that can be reached with "npm config set registry URL", and run the command again.';
  return `${output.trimEnd().split("\n").slice(-30).join("\n")}\nThe packages could not be installed: mend what is said above and run the command again.`;
}

async function checkDisk() {
  // Loaded here: a Node too old to have it must get as far as being told so.
  const { statfs } = await import("node:fs/promises");
  const { bavail, bsize } = await statfs(root);
  const free = (bavail * bsize) / 1e9;
  if (free < 1.5)
    throw new SetupError(`The disk has ${free.toFixed(1)} GB left: free 1.5 GB and run the command again.`);
}

// turbo starts pnpm for every task, so it has to be on the PATH; npx keeps it in a folder of its own.
async function findPnpm() {
  const find = process.platform === "win32" ? "where pnpm" : "command -v pnpm";
  const { output } = await run(
    "npx",
    ["--yes", "--prefer-offline", `--package=${pnpmPackage()}`, "-c", find],
    process.env,
  );
  return output.trim().split("\n").at(-1) ?? "";
}

function pnpmPackage() {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
}

function findNode() {
  const own = join(bin, "node");
  if (existsSync(own)) return own;
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  throw new SetupError(
    `MoFA runs on Node 24 and npm has none for ${process.platform} ${process.arch}: install Node 24 or newer and run the command again.`,
  );
}

function environment(pnpm) {
  const color = process.stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" };
  return {
    ...process.env,
    ...color,
    PATH: [bin, dirname(pnpm), process.env.PATH].join(delimiter),
    TURBO_TELEMETRY_DISABLED: "1",
    TURBO_NO_UPDATE_NOTIFIER: "1",
    DO_NOT_TRACK: "1",
    // The install has just been checked: not once more for every task.
    pnpm_config_verify_deps_before_run: "false",
  };
}

// What an install depends on: the lockfile, the settings and every manifest.
function fingerprint() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...manifests()])
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function manifests() {
  return workspaces().map((folder) => join(folder, "package.json"));
}

/** The folders of all workspace packages, relative to the root. */
export function workspaces() {
  return ["packages", "apps", "examples"]
    .filter((group) => existsSync(join(root, group)))
    .flatMap((group) => readdirSync(join(root, group)).map((name) => join(group, name)))
    .filter((folder) => existsSync(join(root, folder, "package.json")));
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, "utf8"));
  } catch {
    return { fingerprint: "", pnpm: "" };
  }
}

/** Runs a program to its end, 15 minutes at most, and gives its exit code and all it wrote. */
export function run(program, args, env, cwd = root) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    });
    let output = "";
    const limit = setTimeout(() => {
      output += `\n${program} ${args.join(" ")}: ended after 15 minutes.\n`;
      child.kill();
    }, 15 * 60_000);
    running.add(child);
    child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (output += text));
    const ended = (code) => {
      clearTimeout(limit);
      running.delete(child);
      resolve({ code, output });
    };
    child.on("error", (error) => {
      output += `${error.message}\n`;
      ended(1);
    });
    child.on("close", (code) => ended(code ?? 1));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await command(async () => {
    const { env } = await setUp();
    await build(env, []);
    return 0;
  });
