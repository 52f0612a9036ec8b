export { type CustomCheck, type HealthMeasures, type HealthOptions, health } from "./health.ts";
export type { HealthLimits } from "./looks.ts";
export type { LoopDelay } from "./loop-delay.ts";
