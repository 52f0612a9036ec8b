// Writes numbers in the Prometheus text format, in slices: a scrape of many series never holds up the event loop.
import { setImmediate } from "node:timers/promises";

/** One metric: its head, and the text of each of its rows. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  rows(): number;
  /** The lines of one row, each with its line end; "" where a row has nothing to say. */
  write(row: number): string;
}

// About one millisecond of writing.
const SLICE = 64_000;

/** Writes all families; gives way to other work after each slice. Rejects when the signal fires between two. */
export async function renderFamilies(families: readonly Family[], signal: AbortSignal): Promise<string> {
  let text = "";
  let written = 0;
  for (const family of families) {
    text += `# HELP ${family.name} ${family.help}\n# TYPE ${family.name} ${family.type}\n`;
    for (let row = 0; row < family.rows(); row++) {
      text += family.write(row);
      if (text.length - written < SLICE) continue;
      written = text.length;
      await setImmediate(undefined, { signal });
    }
  }
  return text;
}
