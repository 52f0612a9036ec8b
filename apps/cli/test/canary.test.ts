// Plants secrets wherever plugins, tools, models and agents can put text, and looks for them wherever text leaves.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Action, createMofa, type Event, type Model, type Mofa, type Plugin } from "@mofa/sdk";
import { gateway } from "@mofa/sdk/gateway";
import { serveRehearsal } from "@mofa/sdk/llm/rehearsal";
import { observability } from "@mofa/sdk/observability";
import { loadConfig, pinoLog, secret } from "@mofa/sdk/runtime";
import { workflow } from "@mofa/sdk/workflow";
import { expect, test } from "vitest";
import { z } from "zod";
import { copySupportDesk, mofa as mofaCommand } from "./support-desk.ts";

const PLAIN = "canary-7f3a9c1e5b";
// What every way of writing (JSON, URLs, HTML) writes in another way.
const AWKWARD = `cnry "9<&>'/é+ 2q\n7`;

/** The ways in which a canary can be seen. */
function seenAs(canary: string): readonly string[] {
  const json = JSON.stringify(canary).slice(1, -1);
  const html = (text: string) =>
    text.replace(
      /[&<>"']/gu,
      (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[sign] ?? "",
    );
  const base64 = Buffer.from(canary).toString("base64").slice(0, -4);
  return [canary, json, html(canary), html(json), encodeURIComponent(canary), base64];
}

const leaksIn = (text: string) =>
  [...seenAs(PLAIN), ...seenAs(AWKWARD), "7f3a9c1e5b"].filter((form) => text.includes(form));

// Instances may be alive and are not looked into; whoever writes one as text redacts the text, as the stream does.
const withoutSessions = (_key: string, value: unknown) => (value instanceof Session ? "an instance" : value);

class Session {
  readonly token = PLAIN;
}

const parrot: Model = {
  kind: "model",
  name: "parrot",
  async run(_request, call) {
    const text = `You said ${PLAIN} and ${AWKWARD}.`;
    for (let at = 0; at < text.length; at += 3) call.emit("action.delta", { body: text.slice(at, at + 3) });
    const usage = { inputTokens: 1, outputTokens: 1 };
    call.emit("model.usage", { model: `parrot-${PLAIN}`, ...usage, rehearsal: false });
    return { text, toolCalls: [], finish: "stop", usage, model: `parrot-${PLAIN}` } as never;
  },
};

const blurts: Action<object, unknown> = {
  kind: "tool",
  name: "blurts",
  async run(input, call) {
    call.log.warn(`trying ${PLAIN}`, { headers: { authorization: `Basic ${btoa(`ann:${PLAIN}`)}` }, AWKWARD });
    call.log.error(`link https://host/?key=${encodeURIComponent(AWKWARD)}`);
    // What a run keeps must be JSON.
    return { input, [PLAIN]: call.run === undefined ? new Session() : [AWKWARD] };
  },
};

const breaks: Action<object, unknown> = {
  kind: "tool",
  name: "breaks",
  run() {
    const cause = new Error(`401 for ${PLAIN}`, { cause: new Error(`body: ${JSON.stringify({ AWKWARD })}`) });
    throw Object.assign(new Error(`refused ${AWKWARD}`, { cause }), { key: PLAIN });
  },
};

const asks: Action<object, unknown> = {
  kind: "tool",
  name: "asks",
  async run(_input, call) {
    const question = { title: `Use ${PLAIN}?`, why: `Because of ${AWKWARD}`, options: [PLAIN, "no"] };
    return call.ask(question);
  },
};

const planter: Plugin = {
  name: "planter",
  version: "1.0.0",
  setup(ctx) {
    ctx.provide("model", parrot);
    for (const tool of [blurts, breaks, asks]) ctx.provide("tool", tool as never);
    ctx.log.warn(`set up with ${PLAIN}`);
    ctx.emit("file.changed", { path: `/x/${PLAIN}`, status: "refused", reason: AWKWARD });
  },
};

/** Does everything that can go wrong with a secret, under runs where that keeps it. */
async function plant(mofa: Mofa): Promise<void> {
  mofa.agent({ name: "ann", model: "parrot", instructions: `The key is ${PLAIN}.` });
  await mofa.agent({ name: "bob", model: "parrot" }).ask(`remember ${AWKWARD}`);
  const run = await mofa.start(blurts, { key: PLAIN, text: AWKWARD }, { id: "r-blurts" });
  await run.result();
  await (await mofa.start(breaks, { [AWKWARD]: PLAIN }, { id: "r-breaks" })).result().catch(() => undefined);
  await mofa.start(asks, {}, { id: "r-asks" });
  await mofa.invoke(blurts, { session: new Session() });
  const plugin: Plugin = { name: "late", version: "1.0.0", setup: () => Promise.reject(new Error(`no ${PLAIN}`)) };
  await mofa.plug(plugin).catch(() => undefined);
  await mofa.send({ to: "agent:ann", type: "chat", body: { text: `hi ${PLAIN}` } });
  for (let turn = 0; turn < 500 && (await mofa.engine().decisions({ status: "open" })).length === 0; turn++)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

async function configWithCanaries() {
  const folder = await mkdtemp(join(tmpdir(), "mofa-canary-"));
  await writeFile(join(folder, "mofa.config.yaml"), "plain: env:PLAIN\nnote: about ${AWKWARD_TOKEN}\n");
  const schema = z.strictObject({ plain: secret(), note: z.string() });
  const config = await loadConfig({ folder, schema, env: { PLAIN, AWKWARD_TOKEN: AWKWARD } });
  await rm(folder, { recursive: true });
  return config;
}

test("no secret leaves by logs, events, pages, the API, streams, metrics or errors", { timeout: 30_000 }, async () => {
  const { secrets, value } = await configWithCanaries();
  expect(value).toEqual({ plain: PLAIN, note: `about ${AWKWARD}` });
  const logged: string[] = [];
  const events: Event[] = [];
  let url = "";
  const listening = (address: string) => {
    url = address;
  };
  await using mofa = await createMofa({
    plugins: [
      { name: "watcher", version: "1.0.0", setup: (ctx) => void ctx.watch({}, (event) => void events.push(event)) },
      observability(),
      workflow(),
      planter,
      gateway({ port: 0, listening }),
    ],
    log: pinoLog({ level: "debug", destination: { write: (line) => void logged.push(line) } }),
    secrets,
  });
  const leaving = new AbortController();
  const stream = await fetch(`${url}/api/events`, { signal: leaving.signal });
  await plant(mofa);

  const left: Record<string, string> = { log: logged.join(""), events: JSON.stringify(events, withoutSessions) };
  const page = { headers: { accept: "text/html" } };
  const asked = encodeURIComponent(`${PLAIN}/${AWKWARD}`);
  for (const path of [
    "/api/status",
    "/api/runs",
    "/api/plugins",
    "/api/agents",
    "/api/decisions",
    "/metrics",
    "/readyz",
    `/api/runs/${asked}`,
    `/api/runs?status=${asked}`,
    `/${asked}`,
  ])
    left[path] = await (await fetch(url + path)).text();
  for (const path of ["/", "/runs/r-blurts", "/runs/r-breaks", "/runs/r-asks", `/runs/${asked}`]) {
    left[`page ${path}`] = await (await fetch(url + path, page)).text();
    left[`api ${path}`] = await (await fetch(`${url}/api${path}`)).text();
  }
  const bad = { method: "POST", headers: { "content-type": "application/json" } };
  left["bad decision"] = await (
    await fetch(`${url}/api/decisions/${PLAIN}`, { ...bad, body: JSON.stringify({ value: PLAIN, by: AWKWARD }) })
  ).text();
  left["bad start"] = await (
    await fetch(`${url}/api/runs`, { ...bad, body: JSON.stringify({ kind: "tool", name: PLAIN, [AWKWARD]: 1 }) })
  ).text();
  left["bad json"] = await (await fetch(`${url}/api/runs`, { ...bad, body: `{"${PLAIN}` })).text();
  left["tree"] = secrets.redact(mofa.tree());
  left["stream"] = await readSome(stream, "r-asks");
  leaving.abort();

  const leaks = Object.entries(left).flatMap(([where, text]) => leaksIn(text).map((form) => `${where}: ${form}`));
  expect(leaks).toEqual([]);
  // Each of these was full of canaries: that they are gone is only worth something because they were there.
  for (const where of [
    "log",
    "events",
    "stream",
    "/api/decisions",
    "page /runs/r-blurts",
    "api /runs/r-breaks",
    "page /runs/r-asks",
    "/api/status",
    "/metrics",
    "bad start",
  ])
    expect(`${where}: ${left[where]}`).toContain("[secret ");
  for (const where of ["/api/status", "/api/decisions", "api /runs/r-blurts"]) JSON.parse(left[where] as string);
  for (const line of logged) JSON.parse(line);
  // The work itself is not touched.
  expect(await mofa.engine().open("r-blurts").result()).toMatchObject({ input: { key: PLAIN, text: AWKWARD } });
});

async function readSome(answer: Response, until: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  while (!text.includes(until)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text;
}

test("no secret leaves by what the command prints", { timeout: 60_000 }, async () => {
  await using desk = await copySupportDesk();
  await using server = { ...(await serveRehearsal({})), [Symbol.asyncDispose]: async () => {} };
  const config = join(desk.folder, "mofa.config.yaml");
  await writeFile(config, (await readFile(config, "utf8")).replace("port: 4111", "port: 0\n  token: env:DOOR"));
  await writeFile(join(desk.folder, "inbox", "99-canary.txt"), `My key is ${PLAIN}, my door ${AWKWARD}.\n`);
  await writeFile(join(desk.folder, "inbox", `98-${PLAIN}.txt`), Buffer.from([0x48, 0xff]));
  const env = { OPENAI_API_KEY: PLAIN, OPENAI_BASE_URL: server.url, DOOR: AWKWARD, MOFA_DEBUG: "1" };
  const commands = [
    ["start", "--once", "--log", "json", "--log-level", "debug"],
    ["config"],
    ["config", "explain", "gateway.token"],
    ["tree"],
    ["start", PLAIN],
  ];
  try {
    for (const args of commands) {
      const { stdout, stderr } = await mofaCommand(args, desk.folder, env).finished;
      expect([args, leaksIn(stdout + stderr)]).toEqual([args, []]);
      if (args[0] === "start" && args.length > 2) {
        expect(stdout).toContain("98-[secret OPENAI_API_KEY].txt is not text");
        const lines = stderr.split("\n").filter((line) => line.startsWith("{"));
        expect(lines.map((line) => typeof (JSON.parse(line) as { msg: unknown }).msg)).toContain("string");
      }
      if (args[0] === "config") expect(stdout).toContain("[secret gateway.token]");
    }
  } finally {
    await server.close();
  }
});
