import type { Journal } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { expect, test } from "vitest";
import { fakeEngine, keepRun, openGateway } from "../../test/fakes.ts";
import { ask } from "../../test/http.ts";
import { gateway } from "../index.ts";

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;`;

const page = async (url: string) => ask(url, { headers: { accept: "text/html" } });

async function withHostileRun() {
  const opened = await openGateway({}, fakeEngine());
  const error = { code: "x.y", message: HOSTILE, retryable: false, data: { HOSTILE } };
  await keepRun(
    opened.kernel.find("journal") as Journal,
    { id: HOSTILE, name: HOSTILE, input: { [HOSTILE]: HOSTILE } },
    {
      rows: [
        { key: "a", parent: "", type: "step", kind: HOSTILE, name: HOSTILE, at: 1, body: HOSTILE },
        { key: "b", parent: "a", type: "step", kind: "tool", name: "t", at: 2, error },
      ],
      tasks: [
        {
          token: HOSTILE,
          run: HOSTILE,
          key: "k",
          expiresAt: 9_999_999_999_999,
          question: { title: HOSTILE, why: HOSTILE, context: { HOSTILE }, options: [HOSTILE], fallback: HOSTILE },
        },
      ],
      update: { status: "failed", error: { ...error, because: { ...error, message: "the root" } } },
    },
  );
  await opened.kernel.plug({
    name: "p",
    version: "1.0.0",
    setup: (ctx) => ctx.emit("file.changed", { path: HOSTILE, status: HOSTILE }),
  });
  return opened;
}

test("what strangers wrote is shown as they wrote it, and never becomes part of the page", async () => {
  await using opened = await withHostileRun();
  for (const path of ["/", `/runs/${encodeURIComponent(HOSTILE)}`, `/runs/${encodeURIComponent(`${HOSTILE}2`)}`]) {
    const { text } = await page(opened.url + path);
    expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(text).not.toMatch(/<script>|<img src=x|onerror='/);
    // Nothing opens a tag but what the pages' own markup opens.
    const tags = new Set([...text.matchAll(/<([a-z0-9]+)/gi)].map(([, name]) => name));
    expect([...tags].filter((name) => ["iframe", "object", "style", "svg", "base"].includes(name ?? ""))).toEqual([]);
    expect(text.match(/<script[^>]*>/g)).toEqual(['<script src="/assets/page.js" type="module">']);
  }
});

test("pages need nothing from elsewhere and nothing inline, so that they work offline and under the strict policy", async () => {
  await using opened = await withHostileRun();
  const paths = [
    "/",
    `/runs/${encodeURIComponent(HOSTILE)}`,
    "/assets/page.css",
    "/assets/page.js",
    "/assets/icon.svg",
  ];
  for (const path of paths) {
    const { status, text } = await page(opened.url + path);
    expect([path, status]).toEqual([path, 200]);
    expect(text.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\/|@import|url\(/);
    if (path.startsWith("/assets/")) continue;
    expect(text.replaceAll(/&[a-z#0-9]+;[^<]*/g, "")).not.toMatch(/\son[a-z]+=|\sstyle=|javascript:/);
  }
});

test("pages can be found one's way in without seeing them", async () => {
  await using opened = await withHostileRun();
  for (const path of ["/", `/runs/${encodeURIComponent(HOSTILE)}`]) {
    const { text } = await page(opened.url + path);
    const count = (pattern: RegExp) => text.match(pattern)?.length ?? 0;
    expect(text).toContain('<html lang="en">');
    expect([count(/<h1/g), count(/<main/g), count(/<header/g), count(/<nav/g)]).toEqual([1, 1, 1, 1]);
    expect(text).toContain('<a class="skip" href="#main">');
    expect(count(/<caption/g)).toBe(count(/<table/g));
    expect(count(/<section/g)).toBe(count(/<section[^>]*aria-label(ledby)?="/g));
    // Every field is inside its label.
    expect(count(/<(input|textarea)/g)).toBe(count(/<label[^>]*>[^<]+<(input|textarea)/g));
  }
});

test("the status page says how many decisions wait, in its title too", async () => {
  await using opened = await withHostileRun();
  expect((await page(opened.url)).text).toContain("<title>(1) MoFA status</title>");
});

test("a rehearsal is never passed off as a real model", async () => {
  await using opened = await openGateway();
  const use = (rehearsal: boolean) =>
    opened.kernel.plug({
      name: `uses-${rehearsal}`,
      version: "1.0.0",
      setup: (ctx) => ctx.emit("model.usage", { model: "m", inputTokens: 1, outputTokens: 1, rehearsal }),
    });
  expect((await page(opened.url)).text).not.toContain("rehearsal:");
  await use(true);
  expect((await page(opened.url)).text).toContain("rehearsal: no real model answers");
  await use(false);
  expect((await page(opened.url)).text).toContain("rehearsal: some answers come from no real model");
});

test("the tail keeps the last fifty events, newest first, without the pieces of growing answers", async () => {
  await using opened = await openGateway();
  const talker = {
    kind: "tool",
    name: "talker",
    run: (_: unknown, call: { emit: (...event: never[]) => void }) =>
      call.emit(...(["action.delta", { body: "x" }] as never[])),
  };
  for (let index = 0; index < 40; index++) await opened.kernel.invoke(talker as never, {}, { trace: `t-${index}` });
  const { events } = JSON.parse((await ask(`${opened.url}/api/status`)).text) as {
    events: { type: string; trace: string }[];
  };
  expect(events).toHaveLength(50);
  expect(events[0]).toMatchObject({ type: "action.end", trace: "t-39" });
  expect(events.some(({ type }) => type === "action.delta")).toBe(false);
});

test("a run's page shows its error with what caused it, and its journal as a tree", async () => {
  await using opened = await withHostileRun();
  const { text } = await page(`${opened.url}/runs/${encodeURIComponent(HOSTILE)}`);
  expect(text).toMatch(/<ol class="chain"[\s\S]*because <\/span><p>the root<\/p>/);
  expect(text).toMatch(/data-depth="0"[\s\S]*data-depth="1"/);
});

test("a page that is not there says so as a page", async () => {
  await using opened = await openGateway({}, fakeEngine());
  for (const path of ["/runs/none", "/nowhere"]) {
    const { status, text, headers } = await page(opened.url + path);
    expect([status, headers["content-type"]]).toEqual([404, "text/html; charset=UTF-8"]);
    expect(text).toContain("<h1>Not found</h1>");
  }
});

test("a page of an empty kernel says what to add", async () => {
  const urls: string[] = [];
  await using kernel = await createKernel({ plugins: [gateway({ port: 0, listening: (url) => void urls.push(url) })] });
  const { status, text } = await page(`${urls[0]}/`);
  expect([status, kernel.plugins().length]).toEqual([200, 1]);
  expect(text).toContain("Add the plugin workflow() from @mofa/workflow");
  expect(text).toContain("Grant it in the configuration");
});
