import type { Journal } from "@mofa/kernel";
import { expect, test } from "vitest";
import { fakeEngine, keepRun, openGateway } from "../test/fakes.ts";
import { ask, get, post } from "../test/http.ts";

const page = async (url: string) => (await ask(url, { headers: { accept: "text/html" } })).text;

/** A dead run in the queue mail, a parked one with a child, and a fork. */
async function withRuns() {
  const opened = await openGateway({}, fakeEngine());
  const journal = opened.kernel.find("journal") as Journal;
  await journal.create({ id: "poison", queue: "mail", tenant: "acme", kind: "workflow", name: "refund", input: {} });
  const claim = { leaseMs: 60_000, limit: 1, ids: ["poison"], deadWorkers: ["worker-1"], maxTakeovers: 0 };
  for (const worker of ["worker-1", "worker-2"]) await journal.claim({ ...claim, worker });
  const park = { until: 9_999_999_999_999, wakes: 0 };
  await keepRun(journal, { id: "sleeper", name: "refund" }, { update: { status: "waiting", park } });
  await journal.create({ id: "kid", kind: "tool", name: "t", input: {}, parent: { run: "sleeper", key: "k" } });
  await journal.create({ id: "again", kind: "tool", name: "t", input: {}, origin: { run: "poison", key: "k" } });
  return { ...opened, journal, [Symbol.asyncDispose]: () => opened.kernel.end() };
}

test("runs are listed by status, queue and parent, with what each waits for or died of", async () => {
  await using opened = await withRuns();
  const list = async (query: string) => (await get(`${opened.url}/api/runs?${query}`)).json["runs"] as unknown;
  expect(await list("status=dead")).toMatchObject([
    { id: "poison", queue: "mail", tenant: "acme", reason: expect.stringContaining("worker") },
  ]);
  expect(await list("queue=mail")).toMatchObject([{ id: "poison" }]);
  expect(await list("queue=&status=waiting")).toMatchObject([{ id: "sleeper", wakeAt: 9_999_999_999_999 }]);
  expect(await list("parent=sleeper")).toMatchObject([{ id: "kid", parent: "sleeper" }]);
  expect((await get(`${opened.url}/api/queues`)).json["counts"]).toContainEqual({
    queue: "mail",
    status: "dead",
    count: 1,
  });
});

test("a dead run is queued again; one that is not there is not found", async () => {
  await using opened = await withRuns();
  const at = `${opened.url}/api/runs/poison/requeue`;
  expect(await post(at, {})).toMatchObject({ status: 200, json: { status: "queued" } });
  expect((await opened.journal.get("poison"))?.status).toBe("queued");
  for (const verb of ["signal", "cancel"])
    expect((await post(`${opened.url}/api/runs/none/${verb}`, verb === "signal" ? { name: "n" } : {})).status).toBe(
      404,
    );
});

test("a signal is kept once by its id, and a wrong body keeps nothing", async () => {
  await using opened = await withRuns();
  const at = `${opened.url}/api/runs/sleeper/signal`;
  const paid = { name: "paid", body: { sum: 5 }, id: "s1" };
  expect([await post(at, paid), await post(at, paid)]).toMatchObject([
    { json: { kept: true } },
    { json: { kept: false } },
  ]);
  expect(await opened.journal.signals("sleeper")).toMatchObject([{ id: "s1", name: "paid", body: { sum: 5 } }]);
  expect((await post(at, { body: 1 })).status).toBe(422);
});

test("a body that comes in pieces and does not say its length is read whole", async () => {
  await using opened = await withRuns();
  const bytes = Buffer.from(JSON.stringify({ name: "paid", body: "“Ærlig” 🙂" }));
  const body = new ReadableStream({
    async start(controller) {
      // Characters of several bytes are cut apart.
      for (const byte of bytes) {
        controller.enqueue(Uint8Array.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      controller.close();
    },
  });
  const headers = { "content-type": "application/json" };
  const sent = { method: "POST", headers, body, duplex: "half" } as const;
  expect((await fetch(`${opened.url}/api/runs/sleeper/signal`, sent)).status).toBe(200);
  expect(await opened.journal.signals("sleeper")).toMatchObject([{ name: "paid", body: "“Ærlig” 🙂" }]);
});

test("a fork is made as it is asked for, and says what it came from", async () => {
  await using opened = await withRuns();
  const at = `${opened.url}/api/runs/poison/fork`;
  expect(await post(at, { from: "k" })).toMatchObject({ status: 200, json: { origin: "poison", id: "poison" } });
  expect((await post(at, { form: "k" })).status).toBe(422);
});

test("pages say why a run is where it is, lead to its family, and offer what can be done with it", async () => {
  await using opened = await withRuns();
  const status = await page(`${opened.url}/`);
  expect(status).toContain("1 run is dead");
  expect(status).toContain('href="/runs?queue=mail&amp;status=dead"');
  expect(status).toContain('data-act="/api/runs/poison/requeue"');
  const dead = await page(`${opened.url}/runs?queue=mail&status=dead`);
  const why = String((await opened.journal.get("poison"))?.error?.message);
  expect(dead).toContain(why.replaceAll('"', "&quot;"));
  expect(dead).not.toContain('href="/runs/sleeper"');
  const parked = await page(`${opened.url}/runs/sleeper`);
  expect(parked).toMatch(/parked, goes on .* at the latest/);
  expect(parked).toContain('href="/runs/kid"');
  expect(parked).toContain('data-act="/api/runs/sleeper/cancel"');
  expect(await page(`${opened.url}/runs/again`)).toContain('Fork of</dt><dd><a href="/runs/poison">');
  expect(await page(`${opened.url}/runs?limit=1`)).toContain("Older runs");
});
