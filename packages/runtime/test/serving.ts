// A process that serves until it is told to end. What it does is its argument: short, endless or faulty work.
import type { Tool } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { untilSignal } from "../src/signals/index.ts";

const [, , mode] = process.argv;
const kernel = await createKernel({ log: ({ message }) => void process.stdout.write(`${message}\n`) });
const work: Tool = {
  kind: "tool",
  name: "work",
  async run() {
    process.stdout.write("at work\n");
    // Keeps the process there, as a socket would.
    if (mode === "endless") await new Promise((resolve) => setTimeout(resolve, 60_000));
    await new Promise((resolve) => setTimeout(resolve, 200));
    process.stdout.write("finished\n");
  },
};
const done = untilSignal(kernel, { grace: 30_000 });
if (mode === "faulty") void Promise.reject(new Error("nobody awaits this"));
else kernel.invoke(work, {}).catch(() => {});
process.exitCode = await done;
