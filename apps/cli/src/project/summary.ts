import type { Json, JsonObject, Run } from "@mofa/sdk";

/** What became of one ticket. */
export interface TicketOutcome {
  readonly file: string;
  readonly status: string;
  readonly priority: string;
  readonly decision: string;
  readonly answer: string;
}

/** Collects what became of tickets, in order of their file names. */
export async function collectOutcomes(runs: ReadonlyMap<string, Run>): Promise<readonly TicketOutcome[]> {
  const outcomes: TicketOutcome[] = [];
  for (const [file, run] of [...runs].sort(([left], [right]) => left.localeCompare(right))) {
    const record = await run.record();
    const output = isObject(record.output) ? record.output : {};
    outcomes.push({
      file,
      status: record.status,
      priority: text(output["priority"]),
      decision: text(output["decision"]),
      answer: record.error?.message ?? text(output["answer"]),
    });
  }
  return outcomes;
}

/** Prints outcomes as a table that fits a terminal, then the counts. */
export function printSummary(
  outcomes: readonly TicketOutcome[],
  refused: ReadonlyMap<string, string>,
  width = 100,
): string {
  const nameWidth = Math.max(6, ...outcomes.map(({ file }) => file.length));
  const row = ({ file, status, priority, decision, answer }: TicketOutcome) => {
    const head = `${file.padEnd(nameWidth)}  ${status.padEnd(9)}  ${priority.padEnd(8)}  ${decision.padEnd(8)}  `;
    return head + shorten(answer.replace(/\s+/gu, " "), Math.max(20, width - head.length));
  };
  const title = row({ file: "ticket", status: "status", priority: "priority", decision: "decision", answer: "answer" });
  const counts = new Map<string, number>();
  for (const { status } of outcomes) counts.set(status, (counts.get(status) ?? 0) + 1);
  const said = [...counts].map(([status, count]) => `${count} ${status}`).join(", ");
  const lines = [title.trimEnd(), ...outcomes.map((outcome) => row(outcome).trimEnd()), ""];
  for (const { file, status, answer } of outcomes) {
    if (status === "failed")
      lines.push(`failed: ${file}: ${answer} Mend the cause and save the ticket again to run it anew.`);
  }
  for (const [file, reason] of refused) lines.push(`not taken: ${file}: ${reason}`);
  lines.push(
    `${outcomes.length} tickets: ${said === "" ? "none" : said}${refused.size === 0 ? "" : `; ${refused.size} not taken`}.`,
  );
  return lines.join("\n");
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: Json | undefined): string {
  return value === undefined || value === null ? "" : String(value);
}

function shorten(value: string, length: number): string {
  return value.length <= length ? value : `${value.slice(0, length - 1)}…`;
}
