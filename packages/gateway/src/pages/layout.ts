import { html } from "hono/html";

/** A piece of HTML in which everything foreign is escaped: made by `html` only. */
export type Markup = ReturnType<typeof html>;

export interface PageOptions {
  readonly title: string;
  /** Beside the name of the house: what the page is part of. */
  readonly nav?: Markup;
  readonly body: Markup;
}

/** The frame of every page: head, skip link, landmarks. */
export function page({ title, nav, body }: PageOptions): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/page.css">
<script src="/assets/page.js" type="module"></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="top"><nav aria-label="Pages"><a class="home" href="/"><img src="/assets/icon.svg" alt="" width="20" height="20">MoFA</a>${nav ?? ""}</nav></header>
<main id="main" tabindex="-1">${body}</main>
<footer><p>JSON: <a href="/api/status">status</a> <a href="/readyz">readiness</a> <a href="/metrics">metrics</a></p></footer>
</body>
</html>`;
}
