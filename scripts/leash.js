// Loaded into the demo before anything else: ends it when the process that started it is gone, even by force.
import { isMainThread } from "node:worker_threads";

if (isMainThread && process.channel && process.env.MOFA_LEASH === String(process.ppid)) {
  process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel.unref();
}
