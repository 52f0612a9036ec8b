import type { DeadLetterFilter, DeadLetters, Delivery, JsonObject } from "@mofa/kernel";
import type { Context, Hono } from "hono";
import { fail } from "./errors.ts";
import { readLimit } from "./query.ts";
import { bodyReader, readNothing } from "./read-body.ts";
import type { Sight } from "./sight.ts";
import type { Steer } from "./steer.ts";

const text = { type: "string", minLength: 1, maxLength: 512 } as const;
const readFilter = bodyReader<DeadLetterFilter>({
  type: "object",
  properties: { to: text, type: text, code: text },
  additionalProperties: false,
});

/** Routes about messages that came to nothing. */
export function addLetters(app: Hono, sight: Sight, steer: Steer): void {
  app.get("/api/letters", (context) => {
    const limit = readLimit(context);
    const { deadLetters } = sight.control();
    const matching = deadLetters.list(queryFilter(context));
    return context.json({ ...counts(deadLetters), matching: matching.length, letters: newest(matching, limit) });
  });

  app.post("/api/letters/replay", async (context) => {
    const filter = await readFilter(context);
    const { deadLetters } = sight.control();
    return steer(context, {
      what: `replay of dead letters ${JSON.stringify(filter)}`,
      change: async () => sum(await deadLetters.replay(filter)),
    });
  });

  app.post("/api/letters/:id/replay", async (context) => {
    const id = context.req.param("id");
    await readNothing(context);
    const { deadLetters } = sight.control();
    return steer(context, {
      what: `replay of the dead letter ${id}`,
      async change() {
        const deliveries = await deadLetters.replay(id);
        if (deliveries.length === 0) throw fail("gateway.no_letter", { letter: id }, { stack: false });
        return sum(deliveries);
      },
    });
  });

  app.post("/api/letters/clear", async (context) => {
    const filter = await readFilter(context);
    const { deadLetters } = sight.control();
    return steer(context, {
      what: `clearing of dead letters ${JSON.stringify(filter)}`,
      change: () => ({ cleared: deadLetters.clear(filter) }),
    });
  });
}

/** How many there ever were, and how many of those had to go unread. */
export function counts({ count, dropped }: DeadLetters): { readonly count: number; readonly dropped: number } {
  return { count, dropped };
}

/** The last of a list, newest first. */
export function newest<T>(oldestFirst: readonly T[], most: number): readonly T[] {
  return oldestFirst.slice(-most).reverse();
}

function queryFilter({ req }: Context): DeadLetterFilter {
  const { to, type, code } = req.query();
  return {
    ...(to === undefined ? {} : { to }),
    ...(type === undefined ? {} : { type }),
    ...(code === undefined ? {} : { code }),
  };
}

/** What was rejected again is a dead letter again. */
function sum(deliveries: readonly Delivery[]): JsonObject {
  const rejected = deliveries.filter(({ status }) => status === "rejected").length;
  return { replayed: deliveries.length, rejected };
}
