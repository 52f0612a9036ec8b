import { hashOf, LONG_TEXT, markedHash, toShort } from "../blobs.ts";
import type { JournalStatements } from "./journal-statements.ts";

/** The long texts of runs, kept once for each content. */
export interface Texts {
  /** Keeps those that are long, for a run by its number. What columns hold is `toShort` of them. */
  keep(run: number, texts: readonly (string | null)[]): void;
  /** The text that a column holds or stands for; undefined when it is gone. */
  whole(text: string): string | undefined;
}

export function createTexts(statements: JournalStatements): Texts {
  return {
    keep(run, texts) {
      for (const text of texts) {
        if (text === null || text.length <= LONG_TEXT) continue;
        const hash = hashOf(text);
        statements.addBlob.run({ hash, text });
        const kept = statements.blob.get({ hash });
        if (kept !== undefined) statements.useBlob.run({ blob: kept.n, run });
      }
    },
    whole(text) {
      const hash = markedHash(text);
      return hash === undefined ? text : statements.blob.get({ hash })?.text;
    },
  };
}

/** A row of columns with markers in the place of long texts, for a statement. */
export function shortened<Columns extends Readonly<Record<string, unknown>>>(
  columns: Columns,
  names: readonly string[],
) {
  const long = names.filter((name) => isLong(columns[name]));
  if (long.length === 0) return columns;
  return { ...columns, ...Object.fromEntries(long.map((name) => [name, toShort(columns[name] as string)])) };
}

function isLong(value: unknown): boolean {
  return typeof value === "string" && value.length > LONG_TEXT;
}
