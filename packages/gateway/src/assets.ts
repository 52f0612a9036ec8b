import { readFile } from "node:fs/promises";
import type { Hono } from "hono";

/** Routes of the pages' style, behaviour and icon: read once, from the package's own folder. */
export async function addAssets(app: Hono): Promise<void> {
  const assets = [
    { name: "page.css", url: new URL("../assets/page.css", import.meta.url), type: "text/css; charset=utf-8" },
    { name: "page.js", url: new URL("../assets/page.js", import.meta.url), type: "text/javascript; charset=utf-8" },
    { name: "icon.svg", url: new URL("../assets/icon.svg", import.meta.url), type: "image/svg+xml" },
  ];
  for (const { name, url, type } of assets) {
    const text = await readFile(url, "utf8");
    app.get(`/assets/${name}`, (context) =>
      context.body(text, 200, { "content-type": type, "cache-control": "no-cache" }),
    );
  }
}
