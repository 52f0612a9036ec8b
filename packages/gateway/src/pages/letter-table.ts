import type { DeadLetter } from "@mofa/kernel";
import { html } from "hono/html";
import type { LettersSeen } from "../snapshot.ts";
import { act, data, moment, STEER } from "./bits.ts";
import type { Markup } from "./layout.ts";

const LONGEST = 4000;
const MOST = 10;

/** How many letters there are, and what to do with all of them. */
export function lettersHead({ count, kept, dropped }: LettersSeen): Markup {
  if (count === 0) return html`<p class="empty">Every message that was told has arrived.</p>`;
  const lost = dropped === 0 ? "" : ` ${dropped} had to go for newer ones, unread.`;
  const rest = kept > MOST ? ` The newest ${MOST} are shown; GET /api/letters gives more.` : "";
  const all = kept === 1 ? "the letter" : `all ${kept} letters`;
  const acts = [
    act({ label: "Replay all", to: "/api/letters/replay", of: "letters", confirm: `Deliver ${all} again?` }),
    act({ label: "Clear", to: "/api/letters/clear", of: "letters", confirm: `Throw ${all} away, unread?` }),
  ];
  return html`<div class="line"><p class="empty">${kept} of ${count} so far are kept.${lost}${rest}</p>${kept === 0 ? "" : html`<div class="acts">${acts}</div>`}</div>`;
}

/** The newest letters, each with its reason and body. Everything in it may come from strangers. */
export function letterTable({ newest }: LettersSeen): Markup {
  if (newest.length === 0) return html``;
  return html`<table class="steered"><caption class="unseen">Messages that came to nothing, newest first</caption>
<thead><tr><th scope="col">To</th><th scope="col">Reason</th><th scope="col" class="minor">Died</th><th scope="col" class="acts">${STEER}</th></tr></thead>
<tbody data-keyed>${newest.slice(0, MOST).map(letterLine)}</tbody></table>`;
}

function letterLine({ id, message, to, reason, at, attempts }: DeadLetter): Markup {
  const again = attempts === 1 ? "" : html` <span class="kind">for the ${ordinal(attempts)} time</span>`;
  const from = message.from === "" ? "" : ` from ${message.from}`;
  return html`<tr data-key="${id}"><th scope="row">${to}<span class="reason">${message.type}${from}</span></th><td>${reason.message}${again}<div class="meta"><code>${reason.code}</code>${data("Message", cut(message.body))}</div></td><td class="minor">${moment(at)}</td><td class="acts">${act({ label: "Replay", to: `/api/letters/${encodeURIComponent(id)}/replay`, of: `the letter to ${to}` })}</td></tr>
`;
}

/** A body may be large; the API gives it whole. */
function cut(body: unknown): string {
  const text = typeof body === "string" ? body : (JSON.stringify(body, undefined, 2) ?? "");
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}… (${text.length} characters)`;
}

function ordinal(count: number): string {
  const end = count % 100 > 10 && count % 100 < 14 ? "th" : (["th", "st", "nd", "rd"][count % 10] ?? "th");
  return `${count}${end}`;
}
