import type { RetentionOptions } from "@mofa/sdk/runtime";
import { z } from "zod";
import { duration } from "./duration.ts";

const OLD = "says nothing of when one is old: set age, count or both";

const bounds = { age: duration().exactOptional(), count: z.int().nonnegative().exactOptional() };
const saysSomething = ({ age, count }: { age?: number; count?: number }) => (age ?? count) !== undefined;

const rules = z.array(z.strictObject({ prefix: z.string().exactOptional(), ...bounds }).refine(saysSomething, OLD));

// All kinds of things are kept as documents, budgets among them: which of them may go has to be said.
const documents = z.array(z.strictObject({ prefix: z.string(), ...bounds }).refine(saysSomething, OLD));

/** How long, and how many, sessions, facts and documents a project keeps; without a rule, for ever and all. */
export const retention = z
  .strictObject({
    /** Between rounds. */
    every: duration().exactOptional(),
    sessions: rules.default([]),
    /** `prefix` is of namespaces, and `count` of each of them. */
    facts: rules.default([]),
    documents: documents.default([]),
  })
  .prefault({}) satisfies z.ZodType<RetentionOptions>;
