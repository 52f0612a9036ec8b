export { runEventLoop } from "./event-loop.ts";
export type { EventLoop, EventLoopOptions, LoopCounts, LoopSummary, Target } from "./options.ts";
export type { Source } from "./pull.ts";
