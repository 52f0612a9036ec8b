import { z } from "zod";
import { SECRET_FORMAT } from "../config/schema-view.ts";

/**
 * A text in a config that must not be seen. The config names it (`env:NAME`, `file:PATH`) instead of holding it.
 * In a JSON Schema the same is `{ "type": "string", "format": "secret" }`.
 */
export function secret(): z.ZodString {
  return z.string().min(1).meta({ format: SECRET_FORMAT });
}
