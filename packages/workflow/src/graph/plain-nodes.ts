import type { AnyAction, Call, Issue, Json, JsonObject, KindName, NodeKind } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { toMilliseconds } from "./definition.ts";
import { DURATION, done, settingsSchema, TEXT } from "./settings.ts";

export const taskNode: NodeKind = {
  kind: "node",
  name: "task",
  description: "Calls any action by its kind and name.",
  effect: "none",
  input: settingsSchema({ kind: TEXT, name: TEXT, input: {} }, ["kind", "name"]),
  async run({ kind, name, input }: { kind: string; name: string; input?: unknown }, call: Call) {
    // What is on that shelf is only known when it is looked at.
    const found = call.get(kind as KindName, name) as unknown as Partial<AnyAction>;
    if (typeof found.run !== "function" || found.kind !== kind || kind === "node")
      throw fail("node.not_an_action", { kind, name });
    return done(await call.invoke(found as AnyAction, input ?? null));
  },
};

export const joinNode: NodeKind = {
  kind: "node",
  name: "join",
  description:
    "Brings branches together: gives the outputs of what it comes after, by id, or the `outputs` it is told.",
  effect: "none",
  input: settingsSchema({ outputs: {} }),
  run: ({ outputs }: { outputs?: Json }) => done(outputs ?? null),
};

export const waitNode: NodeKind = {
  kind: "node",
  name: "wait",
  description: "Waits for a duration, or until a time; under a run, across restarts.",
  effect: "none",
  input: settingsSchema({ for: DURATION, until: DURATION }),
  waits: true,
  check: checkWait,
  async run(settings: { readonly for?: number | string; readonly until?: number | string }, call: Call) {
    const ms = settings.for === undefined ? toTime(settings.until) - (await call.now()) : toDuration(settings.for);
    await call.sleep(Math.max(0, ms));
    return done(null);
  },
};

function checkWait(settings: JsonObject): readonly Issue[] {
  const { for: duration, until } = settings;
  if ((duration === undefined) === (until === undefined))
    return [{ path: "", message: 'must say "for" (a duration) or "until" (a time); for a message, use "hear"' }];
  const bad = (value: Json | undefined, is: (value: Json) => unknown) =>
    value !== undefined && !(typeof value === "string" && value.includes("${")) && is(value) === undefined;
  if (bad(duration, toMilliseconds))
    return [{ path: "for", message: "must be a duration: milliseconds, or like 500ms, 2s, 10m, 1h" }];
  if (bad(until, readTime))
    return [{ path: "until", message: "must be a time: epoch milliseconds, or like 2026-01-31T09:00:00Z" }];
  return [];
}

function toDuration(value: number | string): number {
  const ms = toMilliseconds(value);
  if (ms === undefined) throw fail("node.bad_time", { what: "duration", value: String(value) });
  return ms;
}

function toTime(value: number | string | undefined): number {
  const time = readTime(value ?? null);
  if (time === undefined) throw fail("node.bad_time", { what: "time", value: String(value) });
  return time;
}

// A time without a zone would mean another moment on another machine.
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

function readTime(value: Json): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string" || !TIME.test(value)) return undefined;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : time;
}

export const publishNode: NodeKind = {
  kind: "node",
  name: "publish",
  description: "Tells an agent, a role or a topic something; under a run, once.",
  effect: "none",
  input: settingsSchema({ to: TEXT, type: TEXT, body: {}, priority: { enum: ["critical", "high", "normal", "low"] } }, [
    "to",
    "type",
  ]),
  async run(draft: { readonly to: string; readonly type: string; readonly body?: Json }, call: Call) {
    const { status, receivers, reason } = await call.send(draft);
    if (status === "rejected") throw fail("node.not_delivered", { to: draft.to, reason: reason?.message ?? "" });
    return done({ status, receivers });
  },
};
