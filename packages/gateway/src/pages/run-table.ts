import { RUN_ENDS, type RunCount, type RunRecord, type StepPlace } from "@mofa/kernel";
import { html } from "hono/html";
import type { RunSummary } from "../snapshot.ts";
import { act, type Column, moment, status, table } from "./bits.ts";
import type { Markup } from "./layout.ts";

/** Runs, newest first. */
export function runTable(runs: readonly RunSummary[], empty: string): Markup {
  return table({ caption: "Runs, newest first", empty }, RUNS, runs);
}

/** How many runs there are of each queue and status: each number leads to its runs. */
export function queueLinks(counts: readonly RunCount[]): Markup {
  const queues = [...new Set(counts.map(({ queue }) => queue))].toSorted();
  return html`<ul class="checks" role="list">${queues.map((queue) => {
    const own = counts.filter((count) => count.queue === queue && count.count > 0);
    const links = own.map(
      ({ status: is, count }) =>
        html` <a href="/runs?${new URLSearchParams({ queue, status: is }).toString()}">${status(is)} ${count}</a>`,
    );
    return html`<li><strong>${queue === "" ? "no queue" : queue}</strong>${links}</li>`;
  })}</ul>`;
}

/** Why a run is where it is: what it waits for, or what it died of. */
export function whyOf(run: Pick<RunRecord, "status" | "wakeAt" | "owner" | "parked"> & { reason?: string }): Markup {
  if (run.reason !== undefined) return html`<span class="reason">${run.reason}</span>`;
  if (run.parked !== undefined) return html`<span class="reason">parked: ${run.parked}</span>`;
  if (RUN_ENDS.includes(run.status) || run.owner !== undefined) return html``;
  if (run.wakeAt !== undefined && run.status !== "waiting")
    return html`<span class="reason">begins ${moment(run.wakeAt)}</span>`;
  // An answer, a signal or another run may come before.
  if (run.wakeAt !== undefined)
    return html`<span class="reason">parked, goes on ${moment(run.wakeAt)} at the latest</span>`;
  return run.status === "waiting"
    ? html`<span class="reason">parked until an answer, a signal or another run comes</span>`
    : html``;
}

/** A link to the run of a place. */
export function runLink({ run }: Pick<StepPlace, "run">): Markup {
  return html`<a href="/runs/${encodeURIComponent(run)}">${run}</a>`;
}

/** What can be done with a run as it is; nothing with one that has ended, but a dead one may begin again. */
export function runActs({ id, status: is }: Pick<RunRecord, "id" | "status">): Markup | "" {
  const to = `/api/runs/${encodeURIComponent(id)}`;
  const of = `the run ${id}`;
  if (is === "dead") return act({ label: "Requeue", to: `${to}/requeue`, of });
  if (RUN_ENDS.includes(is)) return "";
  return act({ label: "Cancel", to: `${to}/cancel`, of, confirm: `Cancel the run ${id}?` });
}

const RUNS: readonly Column<RunSummary>[] = [
  {
    head: "Run",
    // The id tells runs apart; whose they are stands beside it.
    cell: ({ id, parent, origin }) =>
      html`<a href="/runs/${encodeURIComponent(id)}" title="${id}">${id}</a>${
        parent === undefined ? "" : html`<span class="reason">child of ${runLink({ run: parent })}</span>`
      }${origin === undefined ? "" : html`<span class="reason">fork of ${runLink({ run: origin })}</span>`}`,
  },
  { head: "Of", looks: "minor", cell: ({ kind, name }) => html`<span class="kind">${kind}</span> ${name}` },
  { head: "Queue", looks: "minor", cell: ({ queue }) => queue ?? "–" },
  { head: "Status", cell: (run) => html`${status(run.status)}${whyOf(run)}` },
  { head: "Updated", looks: "minor", cell: ({ updatedAt }) => moment(updatedAt) },
  { head: "", looks: "acts", cell: runActs },
];
