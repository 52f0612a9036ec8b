/** Looking after a whole database: its state, its version, copies of it, what is old, and its room. */
export type { DatabaseKind } from "./access.ts";
export type { Copied } from "./copying.ts";
export { type Admin, type AdminOptions, kindAt, openAdmin } from "./open.ts";
export type { OldThings, Pruned, PruneOptions } from "./prune.ts";
export type { DatabaseStatus, OpenRun } from "./status.ts";
export type { Step, StepStatus } from "./there.ts";
