import type { AgentInfo, SupervisorInfo } from "@mofa/kernel";
import { html } from "hono/html";
import type { Part } from "../sight.ts";
import { act, duration, more, STEER, status } from "./bits.ts";
import type { Markup } from "./layout.ts";

const MOST = 50;

/** Agents under those who watch over them, each with what an operator may do. Of many, those that need a look. */
export function agentTable(agents: readonly AgentInfo[], supervisors: Part<readonly SupervisorInfo[]>): Markup {
  if (agents.length === 0) return html`<p class="empty">There are no agents. A plugin brings them.</p>`;
  const known = "is" in supervisors ? supervisors.is : [];
  const shown = new Set(agents.toSorted((one, other) => urgency(other) - urgency(one)).slice(0, MOST));
  const lines =
    known.length > 1
      ? inTree(known, shown)
      : agents.filter((agent) => shown.has(agent)).map((agent) => agentLine(agent, 0));
  return html`<table class="steered"><caption class="unseen">Agents with what they do</caption>
<thead><tr><th scope="col">Agent</th><th scope="col">Status</th><th scope="col" class="number">Queued</th><th scope="col" class="minor number">Handled</th><th scope="col" class="number">Failed</th><th scope="col" class="number">Restarts</th><th scope="col" class="acts">${STEER}</th></tr></thead>
<tbody>${lines}</tbody></table>
${more(agents.length, shown.size, "those that are busy or in trouble are shown first. GET /api/agents gives all.")}`;
}

/** What needs a look comes first where not all are shown. */
function urgency({ status, queued, active, restarts }: AgentInfo): number {
  const byStatus = status === "failed" ? 4 : status === "paused" ? 3 : status === "ready" ? 0 : 1;
  return byStatus + (restarts > 0 ? 2 : 0) + (queued > 0 ? 1 : 0) + (active > 0 ? 0.5 : 0);
}

function inTree(supervisors: readonly SupervisorInfo[], shown: ReadonlySet<AgentInfo>): readonly Markup[] {
  const byAddress = new Map([...shown].map((agent) => [`agent:${agent.name}`, agent]));
  const byName = new Map(supervisors.map((supervisor) => [`supervisor:${supervisor.name}`, supervisor]));
  const lines = (supervisor: SupervisorInfo, depth: number): readonly Markup[] => [
    supervisorLine(supervisor, depth),
    ...supervisor.members.flatMap((member) => {
      const below = byName.get(member);
      if (below !== undefined) return lines(below, depth + 1);
      const agent = byAddress.get(member);
      return agent === undefined ? [] : [agentLine(agent, depth + 1)];
    }),
  ];
  return supervisors.filter(({ supervisor }) => supervisor === undefined).flatMap((top) => lines(top, 0));
}

function supervisorLine(supervisor: SupervisorInfo, depth: number): Markup {
  const { name, strategy, failures, maxRestarts, within } = supervisor;
  const span = duration(within);
  const bound =
    supervisor.supervisor === undefined
      ? `each may fail ${maxRestarts} times within ${span}; ${failures} failed`
      : `${failures} of ${maxRestarts} failures within ${span}`;
  const near = failures > 0 ? "failing" : "calm";
  return html`<tr class="supervisor"><th scope="rowgroup" colspan="7"><span class="step" data-depth="${depth}"><span class="kind">supervisor</span> ${name} <span class="kind" data-near="${near}">${strategy}, ${bound}</span></span></th></tr>
`;
}

function agentLine(agent: AgentInfo, depth: number): Markup {
  const { name, queued, active, handled, failed, restarts, reason } = agent;
  const queue = active > 1 ? `${queued} + ${active} in work` : String(queued);
  return html`<tr><th scope="row"><span class="step" data-depth="${depth}">${name}${reason === undefined ? "" : html`<span class="reason">${reason}</span>`}</span></th><td>${status(agent.status)}</td><td class="number" data-head="Queued">${queue}</td><td class="minor number" data-head="Handled">${handled}</td><td class="number" data-head="Failed">${count(failed)}</td><td class="number" data-head="Restarts">${count(restarts)}</td><td class="acts">${acts(agent)}</td></tr>
`;
}

/** A number that should be zero. */
function count(value: number): Markup {
  return value === 0 ? html`0` : html`<span class="off">${value}</span>`;
}

function acts({ name, status, active }: AgentInfo): readonly Markup[] {
  const at = `/api/agents/${encodeURIComponent(name)}`;
  const of = `the agent ${name}`;
  const restart = act({ label: "Restart", to: `${at}/restart`, of, confirm: `Restart ${of}? Its turns end first.` });
  if (status === "failed" || status === "stopped") return [act({ label: "Restart", to: `${at}/restart`, of })];
  const stop = act({
    label: "Stop",
    to: `${at}/stop`,
    of,
    confirm: `Stop ${of}? It takes no more work until it is restarted, and what waits for it is refused.`,
  });
  const held =
    status === "paused"
      ? [act({ label: "Resume", to: `${at}/resume`, of })]
      : status === "ready" || status === "busy"
        ? [act({ label: "Pause", to: `${at}/pause`, of })]
        : [];
  const confirm = `Interrupt what ${of} does now? Whoever asked for it gets an error.`;
  const cut = active > 0 ? [act({ label: "Interrupt", to: `${at}/interrupt`, of, confirm })] : [];
  return [...held, ...cut, restart, stop];
}
