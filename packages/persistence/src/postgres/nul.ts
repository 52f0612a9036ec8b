// PostgreSQL keeps every sign but NUL. A sign that nobody uses stands for it, and twice for itself; both are undone when
// a text is read, so that nobody sees them. The order of texts without NUL stays as it is.
import type { Value } from "../server/statement.ts";

const MARK = "\ue000";
const NUL = `${MARK}\ue001`;

/** A text as PostgreSQL can keep it; other values as they are. */
export function encode(value: Value): Value {
  if (typeof value !== "string" || !/[\0\ue000]/.test(value)) return value;
  return value.replaceAll(/[\0\ue000]/g, (sign) => (sign === "\0" ? NUL : MARK + MARK));
}

/** A row with its texts as they were before they were kept. */
export function decodeRow(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  let decoded: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(row)) {
    if (typeof value !== "string" || !value.includes(MARK)) continue;
    decoded ??= { ...row };
    decoded[name] = value.replaceAll(/\ue000([\ue000\ue001])/g, (_, sign: string) => (sign === MARK ? MARK : "\0"));
  }
  return decoded ?? row;
}
