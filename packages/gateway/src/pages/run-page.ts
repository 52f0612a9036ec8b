import type { JournalRow, RunRecord } from "@mofa/kernel";
import { html } from "hono/html";
import type { KeptRun } from "../sight.ts";
import { toSummary } from "../snapshot.ts";
import { type Column, data, duration, following, moment, section, status, table } from "./bits.ts";
import { errorChain } from "./error-page.ts";
import { type Markup, page } from "./layout.ts";
import { runActs, runLink, whyOf } from "./run-table.ts";

/** One run: what it is, what became of it, and what was journalled. */
export function runPage({ record, rows }: KeptRun, children: readonly RunRecord[]): Markup {
  const { id, kind, name, version, owner, takeovers, createdAt, updatedAt, finishedAt, error, output, input } = record;
  const facts: readonly (readonly [string, Markup | string])[] = [
    ["Status", html`${status(record.status)}${whyOf(toSummary(record))}`],
    [
      "Action",
      html`<span class="kind">${kind}</span> ${name}${version === undefined ? "" : html` <code class="id">${version}</code>`}`,
    ],
    ["Started", moment(createdAt)],
    finishedAt === undefined ? ["Changed", moment(updatedAt)] : ["Took", duration(finishedAt - createdAt)],
    ...(owner === undefined ? [] : [["Worker", html`<code>${owner}</code>`] as const]),
    ...(record.queue === undefined ? [] : [["Queue", record.queue] as const]),
    ...(record.priority === undefined ? [] : [["Priority", record.priority] as const]),
    ...(record.tenant === undefined ? [] : [["Tenant", record.tenant] as const]),
    ...(record.parent === undefined ? [] : [["Child of", runLink(record.parent)] as const]),
    ...(record.origin === undefined ? [] : [["Fork of", runLink(record.origin)] as const]),
    ...(children.length === 0
      ? []
      : [["Children", html`${children.map(({ id: run }) => html`${runLink({ run })} `)}`] as const]),
    ...(takeovers === 0 ? [] : [["Taken over", `${takeovers} times`] as const]),
  ];
  const body = html`<div class="title"><h1>Run <code>${id}</code></h1>
${following()}</div>
<p class="said" role="status" data-said></p>
<section aria-label="Summary" class="panel" data-live="summary"><dl class="facts">${facts.map(
    ([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`,
  )}</dl>
${runActs(record)}
${error === undefined ? "" : html`<h2>Error</h2>${errorChain(error)}`}
${data("Input", input)}${output === undefined ? "" : data("Output", output, true)}</section>
${section("journal", "Journal", table({ caption: "What was journalled, in order", empty: "Nothing has been journalled yet." }, columns(rows, createdAt), rows), rows.length)}`;
  return page({
    title: `${name} ${record.status} - MoFA run`,
    nav: html`<span aria-hidden="true">/</span><a href="/runs">Runs</a>`,
    body,
  });
}

function columns(rows: readonly JournalRow[], start: number): readonly Column<JournalRow>[] {
  const parents = new Map(rows.map(({ key, parent }) => [key, parent]));
  return [
    { head: "No.", looks: "minor number", cell: ({ seq }) => seq },
    {
      head: "Step",
      cell: (row) =>
        html`<span class="step" data-depth="${depth(row, parents)}"><span class="kind">${row.kind}</span> ${row.name}</span>`,
    },
    { head: "Type", looks: "minor", cell: ({ type }) => type },
    { head: "Outcome", cell: outcome },
    { head: "At", looks: "number", cell: ({ at }) => `+${duration(Math.max(0, at - start))}` },
  ];
}

function outcome({ type, error, body }: JournalRow): Markup {
  if (error !== undefined) return html`${status("failed")} <span class="reason">${error.code}: ${error.message}</span>`;
  if (type === "begin" || type === "ask") return status(type === "ask" ? "asked" : "begun");
  return body === undefined ? status("done") : html`${status("done")}${data("Result", body)}`;
}

const DEEPEST = 6;

/** How many steps are above one, as far as they are journalled already. */
function depth({ parent }: JournalRow, parents: ReadonlyMap<string, string>): number {
  let level = 0;
  for (let key: string | undefined = parent; level < DEEPEST && key !== undefined && key !== ""; level++)
    key = parents.get(key);
  return level;
}
