/** Making a kernel: for the sdk, runtimes and tests. Plugins never import this. */

export { type Queued, TaskQueue } from "../task-queue.ts";
export type { EndOptions } from "./ending.ts";
export type { EventFeed } from "./event-feed.ts";
export { inMemory } from "./in-memory.ts";
export { createKernel, type Kernel, type KernelOptions } from "./kernel.ts";
export type { Permit } from "./permission.ts";
export type { QuarantineOptions } from "./quarantine.ts";
