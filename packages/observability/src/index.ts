/** Metrics of a kernel, folded from its one stream of events. */
export { type ObservabilityOptions, observability } from "./observability.ts";
