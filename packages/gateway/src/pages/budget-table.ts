import type { BudgetState } from "@mofa/kernel";
import { html } from "hono/html";
import { BOUNDED, fullness, NEARLY } from "../trouble.ts";
import { duration, moment, more } from "./bits.ts";
import type { Markup } from "./layout.ts";

const MOST = 20;

/** What is bounded: how much is spent, and how much promised, the fullest first. */
export function budgetTable(budgets: readonly BudgetState[]): Markup {
  if (budgets.length === 0) return html`<p class="empty">Nothing is bounded.</p>`;
  const shown = budgets.toSorted((one, other) => fullness(other) - fullness(one)).slice(0, MOST);
  return html`<ul class="budgets" role="list">${shown.map(budgetItem)}</ul>${more(budgets.length, shown.length, "GET /api/budgets gives them all.")}`;
}

function budgetItem(budget: BudgetState): Markup {
  const { name, scope, of, limits, resets } = budget;
  const whose = of === "" ? scope : `${scope} ${of}`;
  const anew = resets === undefined ? "" : html`, begins anew ${moment(resets)}`;
  const depth =
    limits.depth === undefined ? "" : html`<span class="amount">calls nest at most ${limits.depth} deep</span>`;
  const bars = BOUNDED.filter((what) => limits[what] !== undefined).map((what) => bar(budget, what));
  return html`<li><p>${name} <span class="kind">${whose}${anew}</span></p>${bars}${depth}</li>
`;
}

function bar({ limits, spent, reserved }: BudgetState, what: (typeof BOUNDED)[number]): Markup {
  const limit = limits[what] ?? 0;
  const share = (value: number) => (limit === 0 ? 100 : Math.min(100, (value / limit) * 100));
  const used = share(spent[what]);
  const promised = Math.min(100 - used, share(reserved[what]));
  const level = used >= 100 ? "full" : used >= NEARLY * 100 ? "near" : "room";
  const promise = reserved[what] === 0 ? "" : `, ${amount(what, reserved[what])} promised`;
  return html`<div class="bounded"><svg class="bar" data-level="${level}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width="${used.toFixed(2)}" height="8" class="spent"></rect><rect x="${used.toFixed(2)}" width="${promised.toFixed(2)}" height="8" class="promised"></rect></svg><span class="amount">${amount(what, spent[what])} of ${amount(what, limit)}${promise}</span></div>`;
}

function amount(what: (typeof BOUNDED)[number], value: number): string {
  if (what === "cost") return `$${Number(value.toPrecision(4))}`;
  if (what === "ms") return duration(value);
  return `${Math.round(value).toLocaleString("en")} ${what}`;
}
