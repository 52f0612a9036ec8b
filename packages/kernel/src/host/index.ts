/** Making a kernel: for the sdk, runtimes and tests. Plugins never import this. */
export type { EventFeed } from "./event-feed.ts";
export { inMemory } from "./in-memory.ts";
export { createKernel, type Kernel, type KernelOptions } from "./kernel.ts";
