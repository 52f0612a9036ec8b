import type { TaskRecord } from "@mofa/kernel";
import { html } from "hono/html";
import { data, moment } from "./bits.ts";
import type { Markup } from "./layout.ts";

/** One question with all that is needed to answer it. Everything in it may come from strangers. */
export function decisionCard({ token, run, question, createdAt, expiresAt }: TaskRecord): Markup {
  const { title, why, context, fallback } = question;
  return html`<article class="card" data-key="${token}"><h3>${title}</h3>
${why === undefined ? "" : html`<p class="why">${why}</p>`}
<p class="meta">Asked ${moment(createdAt)} by run <a href="/runs/${encodeURIComponent(run)}"><code>${run}</code></a>.${
    expiresAt === undefined
      ? ""
      : html` Answers itself ${moment(expiresAt)} with <code>${JSON.stringify(fallback ?? null)}</code>.`
  }</p>
${context === undefined ? "" : data("Context", context)}
<form data-decision="${token}"><label>Your name<input name="by" required maxlength="200" autocomplete="name"></label>
<label class="grow">Comment (optional)<input name="comment" maxlength="10000" autocomplete="off"></label>
${answers(question)}<p class="outcome" role="status"></p></form></article>
`;
}

function answers({ options, schema }: TaskRecord["question"]): Markup {
  if (options !== undefined) {
    const buttons = options.map(
      (option) => html`<button type="submit" data-value="${JSON.stringify(option)}">${option}</button>`,
    );
    return html`<div class="answers" role="group" aria-label="Answer">${buttons}</div>`;
  }
  return html`<label class="wide">Answer, as JSON or text<textarea name="value" rows="3" required></textarea></label>
${schema === undefined ? "" : data("Shape of the answer", schema)}
<div class="answers"><button type="submit">Answer</button></div>`;
}
