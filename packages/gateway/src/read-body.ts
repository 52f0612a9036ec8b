import { type JsonSchema, sayIssues, toCheck } from "@mofa/kernel";
import type { Context } from "hono";
import { fail } from "./errors.ts";

const MAX_BODY = 1_048_576;

/** Makes a reader of request bodies of one shape: gives the JSON, or throws what is wrong with it. */
export function bodyReader<Body>(schema: JsonSchema): (context: Context) => Promise<Body> {
  const check = toCheck(schema);
  return async (context) => {
    const checked = await check(readJson(await readText(context)));
    if ("value" in checked) return checked.value as Body;
    throw fail("gateway.bad_request", { problems: sayIssues(checked.issues) }, { stack: false });
  };
}

/** Reads no further than the limit: a body need not say how long it is. */
async function readText({ req }: Context): Promise<string> {
  if (Number(req.header("content-length") ?? 0) > MAX_BODY) throw tooLarge();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const part of req.raw.body ?? []) {
    size += part.length;
    if (size > MAX_BODY) throw tooLarge();
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

function tooLarge(): Error {
  return fail("gateway.body_too_large", { limit: MAX_BODY }, { stack: false });
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
