import { html } from "hono/html";
import type { Trouble } from "../trouble.ts";
import type { Markup } from "./layout.ts";

/** What is wrong, in sentences that lead to the part that shows more; or that nothing is. */
export function troubleList(troubles: readonly Trouble[]): Markup {
  if (troubles.length === 0)
    return html`<p class="well"><span class="status" data-status="ready">All is well.</span> Nothing has failed, is stuck, or is used up.</p>`;
  return html`<ul class="troubles" role="list">${troubles.map(
    ({ level, what, why, part }) =>
      html`<li data-level="${level}"><a href="#${part}">${what}</a>${why === "" ? "" : html` <span class="detail">${why}</span>`}</li>`,
  )}</ul>`;
}
