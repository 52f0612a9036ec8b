import { defineErrors } from "@mofa/kernel";

/** The errors of the facade. */
export const fail = defineErrors({
  "mofa.no_engine": (_: Record<never, never>) =>
    "Nothing keeps runs here. Add workflow() from @mofa/sdk/workflow to the plugins.",
});
