import type { ErrorJson } from "@mofa/kernel";
import { html } from "hono/html";
import { type Markup, page } from "./layout.ts";

/** Says on a page what went wrong. */
export function errorPage(status: number, error: ErrorJson): Markup {
  const title = status === 404 ? "Not found" : status === 401 ? "Token needed" : "This did not work";
  const body = html`<h1>${title}</h1>${errorChain(error)}<p><a href="/">Back to the status page</a></p>`;
  return page({ title: `${title} - MoFA`, body });
}

/** An error and what caused it, outermost first. */
export function errorChain(error: ErrorJson): Markup {
  const chain: ErrorJson[] = [];
  for (let one: ErrorJson | undefined = error; one !== undefined; one = one.because) chain.push(one);
  return html`<ol class="chain" role="list">${chain.map(
    ({ code, message }, index) =>
      html`<li>${index === 0 ? "" : html`<span class="because">because </span>`}<p>${message}</p><code>${code}</code></li>`,
  )}</ol>`;
}
