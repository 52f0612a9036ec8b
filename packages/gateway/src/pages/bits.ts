import { html } from "hono/html";
import type { Part } from "../sight.ts";
import type { Markup } from "./layout.ts";

/** A status: always a word, with a colour beside it. */
export function status(word: string): Markup {
  return html`<span class="status" data-status="${word}">${word.replaceAll("_", " ")}</span>`;
}

/** A moment: readable as it is; the page's script makes it relative. */
export function moment(at: number): Markup {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" data-relative>${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

/** A duration in words. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.round((ms % 60_000) / 1000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Says whether the page is renewed, and stops it: filled and shown by the page's script. */
export function following(): Markup {
  return html`<div class="follow"><p class="live" role="status" data-live-state hidden></p><button type="button" class="quiet" data-pause hidden>Pause</button></div>`;
}

/** JSON behind a summary. */
export function data(summary: string, value: unknown, open = false): Markup {
  const text = typeof value === "string" ? value : JSON.stringify(value, undefined, 2);
  return html`<details ${open ? html`open` : ""}><summary>${summary}</summary><pre tabindex="0">${text}</pre></details>`;
}

export interface Column<Row> {
  readonly head: string;
  /** `number` aligns right; `minor` is left out on small screens. */
  readonly looks?: "number" | "minor" | "minor number" | "acts";
  cell(row: Row): Markup | string | number;
}

export interface Act {
  readonly label: string;
  /** The route that is posted to. */
  readonly to: string;
  /** What is posted; `{}` where nothing is said. */
  readonly body?: object;
  /** Asked before, where it cannot be undone or stops work. */
  readonly confirm?: string;
  /** For those who hear the button without the row it is in. */
  readonly of: string;
}

/** A button that asks the gateway to do something: sent by the page's script. */
export function act({ label, to, body = {}, confirm, of }: Act): Markup {
  return html`<button type="button" class="quiet act" data-act="${to}" data-body="${JSON.stringify(body)}" ${
    confirm === undefined ? "" : html`data-confirm="${confirm}"`
  } aria-label="${label} ${of}">${label}</button>`;
}

/** Says how many there are beyond those that are shown. */
export function more(all: number, shown: number, where: string): Markup {
  return all > shown ? html`<p class="empty">${all - shown} more: ${where}</p>` : html``;
}

/** What a table is called for those who cannot see it, and what stands in its place when it has no rows. */
interface TableText {
  readonly caption: string;
  readonly empty: string;
}

/** The head of a column of buttons. */
export const STEER: Markup = html`<span class="unseen">Steer</span>`;

/** A table with a caption; or the sentence that says why it is empty. */
export function table<Row>(
  { caption, empty }: TableText,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): Markup {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  const cell = (column: Column<Row>, row: Row, first: boolean) => {
    const content = column.cell(row);
    const looks = column.looks ?? "";
    return first
      ? html`<th scope="row" class="${looks}">${content}</th>`
      : html`<td class="${looks}" data-head="${column.head}">${content}</td>`;
  };
  // On small screens a row with buttons becomes a few lines of its own.
  const steered = columns.some(({ looks }) => looks === "acts");
  return html`<table class="${steered ? "steered" : ""}"><caption class="unseen">${caption}</caption>
<thead><tr>${columns.map(({ head, looks }) => html`<th scope="col" class="${looks ?? ""}">${looks === "acts" ? STEER : head}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${columns.map((column, index) => cell(column, row, index === 0))}</tr>\n`)}</tbody></table>`;
}

/** A part of the page that is renewed while it is looked at. */
export function section(id: string, title: string, body: Markup, count?: number): Markup {
  const number = count === undefined ? "" : html` <span class="count">${count}</span>`;
  return html`<section aria-labelledby="${id}-title" class="panel" id="${id}"><h2 id="${id}-title" data-live="${id}-title">${title}${number}</h2><div data-live="${id}">${body}</div></section>`;
}

/** What there is, or the sentence of why it is not to be seen. */
export function shown<T>(part: Part<T>, show: (is: T) => Markup): Markup {
  return "is" in part ? show(part.is) : html`<p class="empty">${part.missing}</p>`;
}
