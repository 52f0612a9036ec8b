// The support desk on real servers, as its operator has it: killed with SIGKILL while models answer and started again,
// looked at with the command, saved while people are asked, put back on the other kind of server, and finished there.
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createSecrets } from "@mofa/sdk";
import { serveRehearsal } from "@mofa/sdk/llm/rehearsal";
import { expect, test, vi } from "vitest";
import { checkReplay, createRunsCommand } from "../src/commands/runs.ts";
import { keptCalls } from "./kept-calls.ts";
import { absentServers, ownDatabase, type ServerName } from "./own-databases.ts";
import { type Command, copySupportDesk, mofa } from "./support-desk.ts";

const KILLS = 2;
const TICKETS = 8;
const absent = await absentServers();
const reason = absent.length === 0 ? "" : ` (skipped: no ${absent.join(", no ")})`;
const stay = ["start", "--port", "0"];

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`It never came to this: ${what}.`);
}

interface Asked {
  readonly decisions: readonly { readonly token: string }[];
}

/** What the status page of a desk at work answers. */
async function pages(started: Command) {
  const said = await started.said("tickets taken");
  const url = /watch it at (\S+?)\/?\n/u.exec(said)?.[1] ?? "";
  const headers = { "content-type": "application/json" };
  return {
    open: async () =>
      ((await (await fetch(`${url}/api/decisions?status=open`)).json()) as Asked).decisions.map(({ token }) => token),
    decide: async (token: string) => {
      const body = JSON.stringify({ value: "approve", by: "Kim" });
      return (await fetch(`${url}/api/decisions/${token}`, { method: "POST", headers, body })).status;
    },
  };
}

test.skipIf(absent.length > 0).each<[ServerName, ServerName]>([
  ["PostgreSQL", "MariaDB"],
  ["MariaDB", "PostgreSQL"],
])(
  `on %s, killed, saved and moved to %s: every ticket is done once${reason}`,
  { timeout: 120_000 },
  async (from, to) => {
    await using desk = await copySupportDesk();
    const config = join(desk.folder, "mofa.config.yaml");
    await writeFile(config, (await readFile(config, "utf8")).replace("data: data", "database: env:DESK_DATABASE"));
    const all = (await readdir(join(desk.folder, "inbox"))).sort();
    for (const file of all.slice(TICKETS)) await rm(join(desk.folder, "inbox", file));
    const tickets = all.slice(0, TICKETS).map((file) => file.replace(".txt", ""));
    await using first = await ownDatabase(from);
    await using second = await ownDatabase(to);
    const asked: string[] = [];
    const model = await serveRehearsal({ tokensPerSecond: 2000, onRequest: ({ key }) => void asked.push(key ?? "") });
    const at = ({ url }: { readonly url: string }) => ({
      DESK_DATABASE: url,
      NEXT_DATABASE: second.url,
      OPENAI_BASE_URL: model.url,
      OPENAI_API_KEY: "test",
    });
    const command = (place: { readonly url: string }, ...args: string[]) => mofa(args, desk.folder, at(place)).finished;
    const look = async (place: typeof first) => {
      await using database = await place.open();
      return await keptCalls(database.journal);
    };
    const repeated: string[] = [];
    let done: ReadonlySet<string> = new Set();
    const note = (before: number) => void repeated.push(...asked.slice(before).filter((key) => done.has(key)));
    try {
      for (let kill = 0; kill < KILLS; kill++) {
        const before = asked.length;
        const finished = model.requests().finished;
        const life = mofa(stay, desk.folder, at(first));
        await until(
          () => life.child.exitCode !== null || model.requests().finished >= finished + 5,
          "models have answered",
        );
        life.child.kill("SIGKILL");
        await life.finished;
        note(before);
        const kept = await look(first);
        // The kills came while there was work.
        expect(kept.done).toBeLessThan(tickets.length);
        done = kept.calls;
      }
      // Some of it was finished, or nothing could be done twice.
      expect(done.size).toBeGreaterThan(0);
      const before = asked.length;
      const backup = join(desk.folder, "desk.jsonl.gz");
      let waiting: readonly string[];
      {
        await using life = mofa(stay, desk.folder, at(first));
        const page = await pages(life);
        // All that can be done without a person is done.
        await until(async () => {
          const open = await page.open();
          return open.length > 0 && (await look(first)).done + open.length === tickets.length;
        }, "only people are waited for");
        waiting = await page.open();
        note(before);
        done = (await look(first)).calls;
        expect(await command(first, "db", "backup", backup)).toMatchObject({ code: 0 });
        const refused = await command(first, "db", "restore", backup);
        expect([refused.code === 0, refused.stderr]).toEqual([false, expect.stringContaining("[backup.not_empty]")]);
      }
      const printed: string[] = [];
      const terminal = { secrets: createSecrets(), say() {}, print: (text: string) => void printed.push(text) };
      for (const [name, value] of Object.entries(at(first))) vi.stubEnv(name, value);
      const { list, show, steps } = createRunsCommand(desk.folder, terminal);
      const small = "ticket:01-refund-small";
      const codes = [
        await list({}),
        await show(small),
        await steps(small),
        await checkReplay(desk.folder, {}, terminal),
      ];
      const status = await command(first, "db", "status", "--json");
      const { runs } = JSON.parse(status.stdout) as { runs: { status: string; count: number }[] };
      expect(runs.find((each) => each.status === "done")?.count).toBe(tickets.length - waiting.length);
      expect(codes).toEqual([0, 0, 0, 0]);
      expect(printed[0]?.split("\n").filter((line) => line.startsWith("ticket:")).length).toBe(tickets.length);
      expect(printed.slice(1)).toEqual([
        expect.stringMatching(/ticket:01-refund-small(?:.|\n)*done/u),
        expect.stringContaining("pay_refund"),
        expect.stringContaining(`${waiting.length} open run(s), 0 would break.`),
      ]);

      expect(await command(first, "db", "restore", backup, "--database", "env:NEXT_DATABASE")).toMatchObject({
        code: 0,
      });
      const afterBackup = asked.length;
      await using life = mofa(stay, desk.folder, at(second));
      const page = await pages(life);
      expect([...(await page.open())].sort()).toEqual([...waiting].sort());
      for (const token of waiting) expect(await page.decide(token)).toBe(200);
      for (const token of waiting) expect(await page.decide(token)).toBe(409);
      await until(async () => (await look(second)).done === tickets.length, "every ticket is done");
      note(afterBackup);
    } finally {
      vi.unstubAllEnvs();
      await model.close();
    }
    expect(repeated).toEqual([]);
    await using database = await second.open();
    const answers = await database.store.list({ prefix: "answers/", limit: 1000 });
    expect(answers.map(({ id }) => id)).toEqual(tickets.map((ticket) => `answers/${ticket}`));
    const ended = await database.journal.list({ limit: 1000 });
    expect(ended.map(({ id }) => id).sort()).toEqual(tickets.map((ticket) => `ticket:${ticket}`));
  },
);
