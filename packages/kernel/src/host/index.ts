/** Making a kernel: for the sdk, runtimes and tests. Plugins never import this. */

export { type Queued, TaskQueue } from "../task-queue.ts";
export type { EventFeed } from "./calls/event-feed.ts";
export type { EndOptions } from "./ending.ts";
export { inMemory } from "./in-memory.ts";
export { createKernel, type Kernel, type KernelOptions } from "./kernel.ts";
export type { Permit } from "./plugins/permission.ts";
export type { QuarantineOptions } from "./plugins/quarantine.ts";
