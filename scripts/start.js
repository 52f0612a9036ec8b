// `npm start`: sets everything up and runs the demo until it is interrupted.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, command, leaveSignals, root, setUp } from "./setup.js";

await command(async () => {
  const { node, env } = await setUp();
  await build(env, ["@mofa/cli"]);
  leaveSignals();
  return demo(node, process.argv.slice(2));
});

// One Ctrl-C arrives here up to twice: from the terminal, and passed on by npm. The demo runs in a process group of its
// own, so that it hears of it exactly once, and on a leash, so that it does not outlive this process, however that ends.
function demo(node, args) {
  const leash = pathToFileURL(join(root, "scripts", "leash.js")).href;
  const main = join(root, "apps", "cli", "dist", "main.js");
  const child = spawn(node, ["--no-node-snapshot", "--import", leash, main, "demo", ...args], {
    cwd: join(root, "examples", "support-desk"),
    env: { ...process.env, MOFA_LEASH: String(process.pid) },
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    detached: true,
  });
  let last = 0;
  const pass = (signal) => {
    if (Date.now() - last > 1000) child.kill(signal);
    last = Date.now();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
