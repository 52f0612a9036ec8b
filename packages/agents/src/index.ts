/** Agents that answer with a model and use tools. */
export type { MemoryUse } from "./memory.ts";
export { type ReactOptions, reactAgent, type Usable } from "./react.ts";
