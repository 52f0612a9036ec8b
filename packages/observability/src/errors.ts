import { defineErrors } from "@mofa/kernel";

/** The errors of this package: code → what happened, to which one by name, and what to do now. */
export const fail = defineErrors({
  "metrics.too_many_series": (d: { metric: string; limit: number }) =>
    `The metric ${d.metric} tells ${d.limit} names apart already; further ones are counted as "other". Use fewer names, or raise the option "series".`,
  "metrics.too_many_live": (d: { metric: string; limit: number }) =>
    `The gauge ${d.metric} follows ${d.limit} things already and does not count further ones. Grant "control" to this plugin where that gives the numbers, or run less at a time.`,
  "metrics.source_failed": (d: { source: string; reason: string }) =>
    `The metrics of ${d.source} could not be read and are left out of this scrape: ${d.reason}`,
});
