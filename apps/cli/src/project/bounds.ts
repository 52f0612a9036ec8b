import { z } from "zod";
import { duration } from "./duration.ts";

const BUDGET_NAME = "use 1 to 64 letters, digits, dots, colons, dashes or underscores";
const amount = z.number().nonnegative();

/** The most that may be used up. */
const limits = {
  tokens: amount.exactOptional(),
  cost: amount.exactOptional(),
  ms: duration().exactOptional(),
  calls: amount.exactOptional(),
  depth: amount.exactOptional(),
};
const LIMITS = Object.keys(limits);
const limitsSomething = (given: object) => Object.keys(given).some((key) => LIMITS.includes(key));
const NOTHING = `limits nothing: set ${LIMITS.join(", ")}`;

/** A budget of one agent, in its own file. */
export const agentBudget = z
  .strictObject({ ...limits, per: z.literal("day").exactOptional(), keep: z.boolean().exactOptional() })
  .refine(limitsSomething, NOTHING);

const budget = z
  .strictObject({
    name: z.string().regex(/^[\p{L}\p{N}_.:@-]{1,64}$/u, BUDGET_NAME),
    scope: z.enum(["call", "agent", "session", "tenant", "kernel"]),
    of: z.string().min(1).exactOptional(),
    per: z.literal("day").exactOptional(),
    keep: z.boolean().exactOptional(),
    limits: z.strictObject(limits).refine(limitsSomething, NOTHING),
  })
  .superRefine(({ scope, of, per, keep }, { addIssue }) => {
    const refuse = (key: string, message: string) => addIssue({ code: "custom", path: [key], message });
    if (of !== undefined && (scope === "call" || scope === "kernel"))
      refuse("of", `means nothing for a budget of scope ${scope}: remove it`);
    if (per !== undefined && scope === "call")
      refuse("per", "means nothing for a budget of scope call, which begins anew with each call: remove it");
    if (keep === true && scope === "call")
      refuse("keep", "means nothing for a budget of scope call, which ends with its call: remove it");
  });

const supervisor = z.strictObject({
  name: z.string().min(1),
  strategy: z.enum(["one-for-one", "one-for-all", "rest-for-one"]).exactOptional(),
  maxRestarts: z.int().nonnegative().exactOptional(),
  within: duration().exactOptional(),
  backoff: z
    .strictObject({
      first: duration(0).exactOptional(),
      factor: z.number().min(1).exactOptional(),
      longest: duration(0).exactOptional(),
      jitter: z.number().min(0).max(1).exactOptional(),
    })
    .exactOptional(),
  /** The supervisor above. */
  supervisor: z.string().min(1).exactOptional(),
});

const health = z.strictObject({
  /** Between looks. */
  every: duration().exactOptional(),
  /** For one check. */
  patience: duration().exactOptional(),
  limits: z
    .strictObject({
      mailbox: z.number().positive().max(1).exactOptional(),
      delay: duration().exactOptional(),
      blocked: duration().exactOptional(),
      heap: z.number().positive().max(1).exactOptional(),
      modelErrors: z.number().positive().max(1).exactOptional(),
      deadLetters: z.int().nonnegative().exactOptional(),
    })
    .exactOptional(),
});

/** A list of things by name, each name once. */
export function named<Item extends z.ZodType<{ readonly name: string }>>(item: Item) {
  return z
    .array(item)
    .default([])
    .superRefine((items, { addIssue }) => {
      const seen = new Set<string>();
      for (const [index, { name }] of items.entries()) {
        if (seen.has(name))
          addIssue({
            code: "custom",
            path: [index, "name"],
            message: `"${name}" is there already: rename one of them`,
          });
        seen.add(name);
      }
    });
}

/** What a project's config may say of what its kernel bounds, mends and gives up. */
export const bounds = {
  budgets: named(budget),
  supervisors: named(supervisor),
  scheduler: z
    .strictObject({
      /** Tasks that may wait. */
      maxWaiting: z.int().positive().exactOptional(),
      /** Tasks at a time over all agents of a role. */
      roles: z.record(z.string(), z.int().positive()).exactOptional(),
    })
    .prefault({}),
  deadLetters: z.strictObject({ max: z.int().positive().exactOptional() }).prefault({}),
  /** When a plugin that is at fault again and again is taken out; `false` for never. */
  quarantine: z
    .union(
      [
        z.literal(false),
        z.strictObject({ faults: z.int().positive().exactOptional(), within: duration().exactOptional() }),
      ],
      { error: "write false, or { faults: 5, within: 60s }" },
    )
    .prefault({}),
  health: health.prefault({}),
};
