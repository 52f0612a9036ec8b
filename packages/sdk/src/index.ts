/** MoFA in one import: make it, describe plugins and tools, talk to agents. */

export type { ReactOptions } from "@mofa/agents";
export * from "@mofa/kernel";
export type { EndOptions, EventFeed, Kernel, KernelOptions, Permit, QuarantineOptions } from "@mofa/kernel/host";
export { stderrLog } from "./log.ts";
export { type AgentHandle, createMofa, type Mofa, type MofaOptions, type TalkOptions } from "./mofa.ts";
