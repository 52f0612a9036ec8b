import type { AgentInfo, TaskRecord } from "@mofa/kernel";
import { html } from "hono/html";
import type { Readiness } from "../health.ts";
import type { Part } from "../sight.ts";
import type { RunSummary, Snapshot } from "../snapshot.ts";
import type { Rehearsal, TailEntry } from "../tail.ts";
import { findTroubles } from "../trouble.ts";
import { agentTable } from "./agent-table.ts";
import { type Column, following, moment, section, shown, status, table } from "./bits.ts";
import { budgetTable } from "./budget-table.ts";
import { decisionCard } from "./decision-card.ts";
import { type Markup, page } from "./layout.ts";
import { lettersHead, letterTable } from "./letter-table.ts";
import { pluginTable } from "./plugin-table.ts";
import { queueLinks, runTable } from "./run-table.ts";
import { troubleList } from "./trouble-list.ts";
import { scheduleTable, taskTable } from "./work-tables.ts";

/** The status page: what is wrong and what needs a person first, then what works, then what happened. */
export function statusPage(snapshot: Snapshot): Markup {
  const { plugins, agents, runs, decisions, events, rehearsal, letters, tasks, schedules, budgets, health } = snapshot;
  const waiting = sizeOf(decisions);
  const troubles = findTroubles(snapshot);
  const body = html`<div class="title"><h1>Status</h1><div data-live="badge">${badge(rehearsal)}</div>
${following()}</div>
<noscript><p class="note">Without scripts this page does not renew itself, decisions cannot be answered here, and nothing can be steered.</p></noscript>
<p class="said" role="status" data-said></p>
${section("trouble", "What is wrong", troubleList(troubles), troubles.length === 0 ? undefined : troubles.length)}
${section("decisions", "Decisions waiting", shown(decisions, showDecisions), waiting)}
${section("agents", "Agents", shown(agents, showAgents(snapshot)), sizeOf(agents))}
${lettersSection(letters)}
<div class="columns"><div>
${section("tasks", "Tasks", shown(tasks, taskTable), tasksIn(tasks))}
${section("schedules", "Schedules", shown(schedules, scheduleTable), sizeOf(schedules))}
${section("runs", "Runs", shown(runs, showRuns(snapshot)), sizeOf(runs))}
</div><div>
${section("budgets", "Budgets", shown(budgets, budgetTable), sizeOf(budgets))}
${section("plugins", "Plugins", shown(plugins, pluginTable), sizeOf(plugins))}
${section("health", "Health", showHealth(health))}
${section("events", "Recent events", showEvents(events))}
</div></div>`;
  return page({ title: toTitle(troubles.length, waiting ?? 0), body });
}

function toTitle(troubles: number, waiting: number): string {
  return `${waiting === 0 ? "" : `(${waiting}) `}${troubles === 0 ? "" : `${troubles} wrong - `}MoFA status`;
}

/** Its head is renewed by itself, so that a message that is being read stays open. */
function lettersSection(letters: Snapshot["letters"]): Markup {
  const kept = "is" in letters ? letters.is.kept : undefined;
  const count = kept === undefined ? "" : html` <span class="count">${kept}</span>`;
  return html`<section aria-labelledby="letters-title" class="panel" id="letters"><h2 id="letters-title" data-live="letters-title">Dead letters${count}</h2><div data-live="letters-head">${shown(letters, lettersHead)}</div><div data-live="letters">${"is" in letters ? letterTable(letters.is) : ""}</div></section>`;
}

function tasksIn(tasks: Snapshot["tasks"]): number | undefined {
  if (!("is" in tasks)) return undefined;
  const { parked, queued, running } = tasks.is.counts;
  return parked + queued + running;
}

function showAgents({ supervisors }: Snapshot): (agents: readonly AgentInfo[]) => Markup {
  return (agents) => agentTable(agents, supervisors);
}

/** What is not well by itself; all that is, in one line. */
function showHealth({ checks }: Readiness): Markup {
  const well = checks.filter(({ status: is, detail }) => is === "ok" && detail === "").map(({ name }) => name);
  const others = checks.filter(({ name }) => !well.includes(name));
  const one = (is: string, name: string, detail: string) =>
    html`<li>${status(is)} ${name}${detail === "" ? "" : html`<span class="reason">${detail}</span>`}</li>`;
  return html`<ul class="checks" role="list">${others
    .toSorted((left, right) => Number(right.status === "failed") - Number(left.status === "failed"))
    .map(({ name, status: is, detail }) =>
      one(is, name, detail),
    )}${well.length === 0 ? "" : one("ok", well.join(", "), "")}</ul>`;
}

function showEvents(events: readonly TailEntry[]): Markup {
  return table({ caption: "The last events, newest first", empty: "Nothing has happened yet." }, EVENTS, events);
}

function badge(rehearsal: Rehearsal): Markup {
  if (rehearsal === "none") return html``;
  return html`<p class="badge">rehearsal: ${rehearsal === "all" ? "no real model answers" : "some answers come from no real model"}</p>`;
}

function showDecisions(decisions: readonly TaskRecord[]): Markup {
  if (decisions.length === 0) return html`<p class="empty">Nothing waits for an answer.</p>`;
  return html`<div class="cards" data-keyed>${decisions.map(decisionCard)}</div>`;
}

function showRuns({ queues }: Snapshot): (runs: readonly RunSummary[]) => Markup {
  return (runs) =>
    html`${"is" in queues ? queueLinks(queues.is) : ""}${runTable(runs, "Nothing has run yet. POST /api/runs starts a run.")}<p class="empty"><a href="/runs">All runs</a></p>`;
}

const EVENTS: readonly Column<TailEntry>[] = [
  { head: "Event", cell: ({ type }) => html`<span class="event" data-event="${type}">${type}</span>` },
  {
    head: "Of",
    cell: ({ kind, name, detail }) =>
      html`<span class="kind">${kind}</span> ${name}<span class="reason">${detail}</span>`,
  },
  { head: "When", cell: ({ at }) => moment(at) },
];

function sizeOf(part: Part<readonly unknown[]>): number | undefined {
  return "is" in part ? part.is.length : undefined;
}
