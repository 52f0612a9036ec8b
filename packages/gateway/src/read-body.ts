import { type JsonSchema, sayIssues, toCheck } from "@mofa/kernel";
import type { Context } from "hono";
import { fail } from "./errors.ts";

/** Makes a reader of request bodies of one shape: gives the JSON, or throws what is wrong with it. */
export function bodyReader<Body>(schema: JsonSchema): (context: Context) => Promise<Body> {
  const check = toCheck(schema);
  return async ({ req }) => {
    const checked = await check(readJson(await req.text()));
    if ("value" in checked) return checked.value as Body;
    throw fail("gateway.bad_request", { problems: sayIssues(checked.issues) }, { stack: false });
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fail("gateway.bad_json", { reason }, { stack: false });
  }
}

/** Reads a body that says nothing: `{}`. */
export const readNothing: (context: Context) => Promise<object> = bodyReader<object>({
  type: "object",
  additionalProperties: false,
});

interface Because {
  readonly reason?: string;
}

/** Reads why something is to stop; `{}` where nobody says why. */
export const readReason: (context: Context) => Promise<Because> = bodyReader<Because>({
  type: "object",
  properties: { reason: { type: "string", minLength: 1, maxLength: 1000 } },
  additionalProperties: false,
});
