import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { copySupportDesk, type Finished, mofa } from "./support-desk.ts";

const LIMIT = { timeout: 60_000 };
const once = ["start", "--once", "--port", "0"];

/** Leaves only these tickets, so that a test is about what it says. */
async function keepTickets(folder: string, ...files: readonly string[]): Promise<void> {
  for (const file of await readdir(join(folder, "inbox"))) {
    if (!files.includes(file)) await rm(join(folder, "inbox", file));
  }
}

const refusal = ({ code, stderr }: Finished) => ({ code, last: stderr.trim().split("\n").at(-1) });

/** Asks the status page's data until it says what is awaited. */
async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const found = await ask();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("It never happened.");
}

async function address(started: { said(text: string): Promise<string> }): Promise<string> {
  return /watch it at (\S+)/u.exec(await started.said("drop another"))?.[1]?.replace(/\/$/u, "") ?? "";
}

test("runs every ticket to its end, says that no real model answered, and exits with 0", LIMIT, async () => {
  await using desk = await copySupportDesk();
  const first = await mofa(once, desk.folder).finished;
  expect(first.stderr).toContain("answered by the rehearsal model at http://127.0.0.1:");
  expect(first.stdout).toContain("23 tickets: 23 done.");
  expect(first.stdout).toContain("rehearsal: no real model was asked");
  expect(first.stdout).toMatch(/02-refund-large\.txt\s+done\s+high\s+reject/u);
  expect(first.code).toBe(0);
  const again = await mofa(once, desk.folder).finished;
  expect([again.code, again.stdout.includes("23 tickets: 23 done.")]).toEqual([0, true]);
});

test("a ticket that is not text is refused by name, and the others are finished", LIMIT, async () => {
  await using desk = await copySupportDesk();
  await keepTickets(desk.folder, "01-refund-small.txt");
  await writeFile(join(desk.folder, "inbox", "99-picture.txt"), Buffer.from([0x48, 0x69, 0xff, 0xd8, 0x00]));
  const { stdout, code } = await mofa(once, desk.folder).finished;
  expect(stdout).toContain("99-picture.txt is not text: byte 2 is not UTF-8.");
  expect(stdout).toContain("1 tickets: 1 done; 1 not taken.");
  expect(code).toBe(0);
});

test(
  "an edited rule, a dropped ticket and a person's decision take effect while it runs; Ctrl-C ends it",
  LIMIT,
  async () => {
    await using desk = await copySupportDesk();
    await keepTickets(desk.folder, "02-refund-large.txt");
    await using started = mofa(["start", "--port", "0"], desk.folder);
    const url = await address(started);
    const get = async (path: string) => (await fetch(`${url}${path}`)).json() as Promise<unknown>;

    const decision = await until(async () => {
      const { decisions } = (await get("/api/decisions")) as {
        decisions: { token: string; question: { title: string } }[];
      };
      return decisions[0];
    });
    expect(decision.question.title).toBe("Refund 489 euros for order A-1001?");
    const answered = await fetch(`${url}/api/decisions/${decision.token}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ value: "approve", by: "Kim" }),
    });
    expect(answered.status).toBe(200);

    const rules = join(desk.folder, "rules", "priority.js");
    const text = await readFile(rules, "utf8");
    const edited = Date.now();
    const changed = text.replace(/(name: "none",\s*priority: )"normal"/u, '$1"critical"');
    expect(changed).not.toBe(text);
    await writeFile(rules, changed);
    await until(async () => {
      const { events } = (await get("/api/status")) as { events: { type: string; at: number; detail: string }[] };
      return events.find(
        ({ type, at, detail }) => type === "file.changed" && at >= edited && detail.includes("priority.js"),
      );
    });
    await writeFile(join(desk.folder, "inbox", "new.txt"), "Do you also sell beans?\n");
    const run = await until(async () => {
      const { run: record } = (await get("/api/runs/ticket:new")) as { run?: { status: string; output: object } };
      return record?.status === "done" ? record : undefined;
    });
    expect(run.output).toMatchObject({ priority: "critical" });
    const large = (await get("/api/runs/ticket:02-refund-large")) as { run?: { status: string; output: object } };
    expect(large.run).toMatchObject({ status: "done", output: { decision: "approve" } });

    started.child.kill("SIGINT");
    expect((await started.finished).code).toBe(0);
  },
);

test(
  "a rule that never ends fails its ticket in words; mended and saved again, the ticket is run anew",
  LIMIT,
  async () => {
    await using desk = await copySupportDesk();
    await keepTickets(desk.folder, "01-refund-small.txt");
    const rules = join(desk.folder, "rules", "priority.js");
    const text = await readFile(rules, "utf8");
    await writeFile(rules, text.replace("const plain = text.trim();", "for (;;) {}"));
    const failed = await mofa(once, desk.folder).finished;
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/failed: 01-refund-small\.txt: .*priority.*500 ms/u);

    await writeFile(rules, text);
    await using started = mofa(["start", "--port", "0"], desk.folder);
    const url = await address(started);
    const ticket = join(desk.folder, "inbox", "01-refund-small.txt");
    await writeFile(ticket, await readFile(ticket, "utf8"));
    await until(async () => {
      const { run } = (await (await fetch(`${url}/api/runs/ticket:01-refund-small.2`)).json()) as {
        run?: { status: string };
      };
      return run?.status === "done" ? run : undefined;
    });
    started.child.kill("SIGTERM");
    expect((await started.finished).code).toBe(0);
    const again = await mofa(once, desk.folder).finished;
    expect([again.code, again.stdout.includes("1 tickets: 1 done.")]).toEqual([0, true]);
  },
);

test.each([
  [
    "an unknown key",
    "mofa.config.yaml",
    (text: string) => text.replace("concurrency:", "concurency:"),
    3,
    'Did you mean "concurrency"?',
  ],
  ["a model that is missing", "agents/writer.yaml", (text: string) => `${text}model:\n`, 3, "writer.yaml"],
  [
    "a workflow with a syntax error",
    "workflows/ticket.yaml",
    (text: string) => text.replace("- id: triage", "- id: [triage"),
    3,
    "ticket.yaml:",
  ],
])("%s stops the start with its file and place", LIMIT, async (_name, file, change, code, said) => {
  await using desk = await copySupportDesk();
  const path = join(desk.folder, file);
  await writeFile(path, change(await readFile(path, "utf8")));
  const finished = await mofa(once, desk.folder).finished;
  expect(finished.stderr).toContain(said);
  expect(finished.code).toBe(code);
});

test("a port that is taken is named", LIMIT, async () => {
  await using desk = await copySupportDesk();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const finished = await mofa(["start", "--once", "--port", String(port)], desk.folder).finished;
  server.close();
  expect(finished.stderr).toContain(String(port));
  expect(refusal(finished).code).toBe(4);
});

test("a corrupt database is named and left as it is", LIMIT, async () => {
  await using desk = await copySupportDesk();
  await mkdir(join(desk.folder, "data"));
  await writeFile(
    join(desk.folder, "data", "mofa.db"),
    "This is not a database, but long enough to look like one. ".repeat(200),
  );
  const finished = await mofa(once, desk.folder).finished;
  expect(finished.stderr).toContain("mofa.db");
  expect(finished.code).not.toBe(0);
  expect((await readFile(join(desk.folder, "data", "mofa.db"), "utf8")).startsWith("This is not a database")).toBe(
    true,
  );
});

test("a folder that is no project, a misspelt command and a bad port are refused in words", LIMIT, async () => {
  await using desk = await copySupportDesk();
  const nowhere = await mofa(["start", "inbox"], desk.folder).finished;
  expect([nowhere.code, nowhere.stderr.includes("There is no mofa.config.yaml")]).toEqual([3, true]);
  const misspelt = await mofa(["strat"], desk.folder).finished;
  expect(misspelt.stderr).toContain("Did you mean start?");
  const port = await mofa(["start", "--port", "99999"], desk.folder).finished;
  expect(port.stderr).toContain("A port is a whole number from 0 to 65535");
});

test(
  "it ends at once when all that is left are decisions that wait, and asks again at the next start",
  LIMIT,
  async () => {
    await using desk = await copySupportDesk();
    await keepTickets(desk.folder, "02-refund-large.txt");
    await using started = mofa(["start", "--port", "0"], desk.folder);
    await started.said("waits for a person");
    const asked = performance.now();
    started.child.kill("SIGINT");
    const { code } = await started.finished;
    // Work in flight would get three seconds.
    expect([code, performance.now() - asked < 2500]).toEqual([0, true]);
    await using again = mofa(["start", "--port", "0"], desk.folder);
    await again.said("1 decision waits for a person at http://127.0.0.1:");
    again.child.kill("SIGINT");
    expect((await again.finished).code).toBe(0);
  },
);

test("Ctrl-C while it opens ends it before it has taken up any work", LIMIT, async () => {
  await using desk = await copySupportDesk();
  await using started = mofa(["start", "--port", "0"], desk.folder);
  await started.said("answered by the rehearsal model");
  started.child.kill("SIGINT");
  const { code, stderr } = await started.finished;
  expect([code, stderr.includes("tickets taken"), stderr.includes("waits for a person")]).toEqual([0, false, false]);
});

test("it says how it is, and a first signal ends it in order", LIMIT, async () => {
  await using desk = await copySupportDesk();
  await keepTickets(desk.folder, "01-refund-small.txt");
  await using started = mofa(["start", "--port", "0"], desk.folder);
  const url = await address(started);
  const alive = await fetch(`${url}/healthz`);
  expect([alive.status, await alive.json()]).toMatchObject([
    200,
    { status: "ok", checks: [{ name: "checks" }, { name: "event-loop" }] },
  ]);
  const ready = await until(async () => {
    const answer = await fetch(`${url}/readyz`);
    return answer.status === 200
      ? ((await answer.json()) as { checks: { name: string; status: string }[] })
      : undefined;
  });
  expect(ready.checks.map(({ name, status }) => `${name} ${status}`)).toEqual(
    expect.arrayContaining(["plugins ok", "agents ok", "journal ok", "store ok", "models ok", "memory ok"]),
  );
  started.child.kill("SIGTERM");
  const { code, stderr } = await started.finished;
  expect([code, stderr]).toEqual([0, expect.stringContaining("SIGTERM: ending in order")]);
});

test("the demo makes its project where there is none, and goes on with it the next time", LIMIT, async () => {
  await using desk = await copySupportDesk();
  await rm(join(desk.folder, "mofa.config.yaml"));
  const made = await mofa(["demo", "--once", "--port", "0"], desk.folder).finished;
  expect([made.code, made.stderr.includes("made the project"), made.stdout.includes("23 done")]).toEqual([
    0,
    true,
    true,
  ]);
  const again = await mofa(["demo", "--once", "--port", "0"], desk.folder).finished;
  expect([again.code, again.stderr.includes("made the project"), again.stdout.includes("23 done")]).toEqual([
    0,
    false,
    true,
  ]);
});

test("the tree names every plugin and what it brings, and starts nothing", LIMIT, async () => {
  await using desk = await copySupportDesk();
  const { stdout, code } = await mofa(["tree"], desk.folder).finished;
  expect(code).toBe(0);
  expect(stdout).toMatch(/tool: .*find_order/);
  expect(stdout).toContain("workflow: ticket");
  expect(stdout).toContain("agent: support");
  expect(stdout).toMatch(/supervisor kernel .*\n├─ support {2}ready/);
});
