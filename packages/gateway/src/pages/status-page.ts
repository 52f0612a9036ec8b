import type { AgentInfo, PluginInfo, TaskRecord } from "@mofa/kernel";
import { html } from "hono/html";
import type { RunSummary, Snapshot } from "../snapshot.ts";
import type { Rehearsal, TailEntry } from "../tail.ts";
import { type Column, duration, following, moment, section, shown, status, table } from "./bits.ts";
import { decisionCard } from "./decision-card.ts";
import { type Markup, page } from "./layout.ts";

/** The status page: what needs a person first, then what works, then what happened. */
export function statusPage(snapshot: Snapshot): Markup {
  const { plugins, agents, runs, decisions, events, rehearsal } = snapshot;
  const waiting = sizeOf(decisions);
  const body = html`<div class="title"><h1>Status</h1><div data-live="badge">${badge(rehearsal)}</div>
${following()}</div>
<noscript><p class="note">Without scripts this page does not renew itself, and decisions cannot be answered here.</p></noscript>
${section("decisions", "Decisions waiting", shown(decisions, showDecisions), waiting)}
<div class="columns"><div>
${section("runs", "Runs", shown(runs, showRuns), sizeOf(runs))}
</div><div>
${section("agents", "Agents", shown(agents, showAgents), sizeOf(agents))}
${section("plugins", "Plugins", shown(plugins, showPlugins), sizeOf(plugins))}
${section("events", "Recent events", table("The last events, newest first", EVENTS, events, "Nothing has happened yet."))}
</div></div>`;
  return page({ title: waiting === undefined || waiting === 0 ? "MoFA status" : `(${waiting}) MoFA status`, body });
}

function badge(rehearsal: Rehearsal): Markup {
  if (rehearsal === "none") return html``;
  return html`<p class="badge">rehearsal: ${rehearsal === "all" ? "no real model answers" : "some answers come from no real model"}</p>`;
}

function showDecisions(decisions: readonly TaskRecord[]): Markup {
  if (decisions.length === 0) return html`<p class="empty">Nothing waits for an answer.</p>`;
  return html`<div class="cards" data-keyed>${decisions.map(decisionCard)}</div>`;
}

function showRuns(runs: readonly RunSummary[]): Markup {
  return table("The latest runs, newest first", RUNS, runs, "Nothing has run yet. POST /api/runs starts a run.");
}

function showAgents(agents: readonly AgentInfo[]): Markup {
  return table("Agents with what they do", AGENTS, agents, "There are no agents. A plugin brings them.");
}

function showPlugins(plugins: readonly PluginInfo[]): Markup {
  return table("Plugins in the order they were loaded", PLUGINS, plugins, "There are no plugins.");
}

const RUNS: readonly Column<RunSummary>[] = [
  {
    head: "Run",
    // The id tells runs apart; whose they are stands beside it.
    cell: ({ id }) => html`<a href="/runs/${encodeURIComponent(id)}" title="${id}">${id}</a>`,
  },
  { head: "Of", looks: "minor", cell: ({ kind, name }) => html`<span class="kind">${kind}</span> ${name}` },
  { head: "Status", cell: (run) => status(run.status) },
  { head: "Updated", cell: ({ updatedAt }) => moment(updatedAt) },
];

const AGENTS: readonly Column<AgentInfo>[] = [
  { head: "Agent", cell: ({ name }) => name },
  { head: "Status", cell: (agent) => status(agent.status) },
  { head: "Queued", looks: "number", cell: ({ queued }) => queued },
  { head: "Handled", looks: "number", cell: ({ handled }) => handled },
  { head: "Failed", looks: "number", cell: ({ failed }) => failed },
];

const PLUGINS: readonly Column<PluginInfo>[] = [
  {
    head: "Plugin",
    cell: ({ name, reason }) => (reason === undefined ? name : html`${name}<span class="reason">${reason}</span>`),
  },
  { head: "Version", looks: "minor", cell: ({ version }) => version },
  { head: "Status", cell: (plugin) => status(plugin.status) },
  { head: "Set up in", looks: "number", cell: ({ ms }) => duration(ms) },
];

const EVENTS: readonly Column<TailEntry>[] = [
  { head: "Event", cell: ({ type }) => html`<span class="event" data-event="${type}">${type}</span>` },
  {
    head: "Of",
    cell: ({ kind, name, detail }) =>
      html`<span class="kind">${kind}</span> ${name}<span class="reason">${detail}</span>`,
  },
  { head: "When", cell: ({ at }) => moment(at) },
];

function sizeOf(part: Snapshot["runs" | "agents" | "plugins" | "decisions"]): number | undefined {
  return "is" in part ? part.is.length : undefined;
}
