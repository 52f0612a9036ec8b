// Prints the bytes of heap that each of 100,000 invokes leaves behind after a forced collection.
import { oneAction } from "./whole.ts";

const CALLS = 100_000;
const { kernel, call } = await oneAction("json");
let seen = 0;
kernel.watch({}, () => void seen++);

const heap = () => {
  for (let round = 0; round < 3; round++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};
const calls = async (count: number) => {
  for (let index = 0; index < count; index++) await call();
};

await calls(CALLS / 5);
const before = heap();
await calls(CALLS);
const after = heap();
await kernel.end();
process.stdout.write(`${(after - before) / CALLS}\n`);
