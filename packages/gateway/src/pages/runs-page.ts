import type { RunCount } from "@mofa/kernel";
import { html } from "hono/html";
import type { RunSummary } from "../snapshot.ts";
import { following, section } from "./bits.ts";
import { type Markup, page } from "./layout.ts";
import { queueLinks, runTable } from "./run-table.ts";

export interface RunsSeen {
  readonly runs: readonly RunSummary[];
  readonly counts: readonly RunCount[];
  /** What was asked for: the query of this page. */
  readonly query: Readonly<Record<string, string>>;
  /** Whether there may be older ones. */
  readonly full: boolean;
}

/** The kept runs of one status, queue or name. */
export function runsPage({ runs, counts, query, full }: RunsSeen): Markup {
  const asked = Object.entries(query).filter(([what]) => what !== "before" && what !== "limit");
  const said = asked.map(([what, is]) => `${what} ${is === "" ? "none" : is}`).join(", ");
  const last = runs.at(-1);
  const older =
    full && last !== undefined
      ? html`<p class="empty"><a href="/runs?${new URLSearchParams({ ...query, before: last.id }).toString()}">Older runs</a></p>`
      : "";
  const body = html`<div class="title"><h1>Runs</h1>
${following()}</div>
<p class="said" role="status" data-said></p>
${section("queues", "Queues", html`${queueLinks(counts)}`)}
${section("runs", said === "" ? "All runs" : `Runs: ${said}`, html`${runTable(runs, "There are no such runs.")}${older}${said === "" ? "" : html`<p class="empty"><a href="/runs">All runs</a></p>`}`)}`;
  return page({ title: "MoFA runs", body });
}
