// `npm run bench -- NAME… --json`: installs the peers to measure against, then runs the benchmarks on the sources.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { build, command, explain, leaveSignals, root, run, SetupError, setUp, stage } from "./setup.js";

await command(async () => {
  // Results go to standard output, so progress must not.
  const { node, env } = await setUp({ progress: process.stderr });
  const suites = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
  // Its figures are about what is published.
  if (suites.length === 0 || suites.includes("size")) await build(env, ["@mofa/sdk"]);
  await installPeers(join(root, "apps", "bench", "peers"));
  leaveSignals();
  const main = join("apps", "bench", "src", "main.ts");
  // Cases take turns: without the second flag V8 throws away the code of those that wait, and they start cold.
  const flags = ["--no-node-snapshot", "--no-flush-bytecode", "--expose-gc", "--conditions=@mofa/source"];
  const child = spawn(node, [...flags, main, ...process.argv.slice(2)], { cwd: root, env, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
});

// The peers are outside the workspace: their dependencies have no business in its lockfile.
async function installPeers(folder) {
  if (!existsSync(join(folder, "package.json"))) return;
  const stampFile = join(folder, "node_modules", ".mofa-setup");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === fingerprint(folder)) return;
  const how = existsSync(join(folder, "package-lock.json")) ? "ci" : "install";
  const { code, output } = await stage("setup: installing the peers", () =>
    run("npm", [how, "--no-audit", "--no-fund"], process.env, folder),
  );
  if (code !== 0) throw new SetupError(explain(output));
  writeFileSync(stampFile, fingerprint(folder));
}

function fingerprint(folder) {
  const hash = createHash("sha256");
  for (const file of ["package.json", "package-lock.json"].map((name) => join(folder, name)))
    if (existsSync(file)) hash.update(readFileSync(file));
  return hash.digest("hex");
}
