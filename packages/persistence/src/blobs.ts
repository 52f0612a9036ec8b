// Long texts are kept once for each content, and a marker stands in their place.
import { createHash } from "node:crypto";

/** A JSON text with more characters than this is kept apart. */
export const LONG_TEXT = 32_768;

// No JSON text begins with a control character.
const MARK = "\u0001blob:";

/** What stands for a long text. */
function toMarker(hash: string): string {
  return MARK + hash;
}

/** The hash that a column's text stands for; undefined if it stands for itself. */
export function markedHash(text: string): string | undefined {
  return text.startsWith(MARK) ? text.slice(MARK.length) : undefined;
}

/** The name of a content: its SHA-256. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** What a column holds in the place of a text: the text itself, or its marker. */
export function toShort(text: string | null): string | null {
  return text === null || text.length <= LONG_TEXT ? text : toMarker(hashOf(text));
}
