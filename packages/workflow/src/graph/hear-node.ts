import type { Call, Issue, JsonObject, NodeKind, NodeResult } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { toMilliseconds } from "./definition.ts";
import { DURATION, done, settingsSchema, TEXT } from "./settings.ts";

interface HearSettings {
  readonly signal?: string;
  readonly topic?: string;
  readonly timeout?: number | string;
}

/** Waits for what is said to the run: what came before the node began is heard as well. */
export const hearNode: NodeKind = {
  kind: "node",
  name: "hear",
  description: "Waits for a signal that is said to the run, or for a message of a topic, for so long.",
  effect: "none",
  waits: true,
  input: settingsSchema({ signal: TEXT, topic: TEXT, timeout: DURATION }),
  outcomes: ["timeout"],
  check: checkHear,
  async run({ signal, topic, timeout }: HearSettings, call: Call): Promise<NodeResult> {
    const limit = timeout === undefined ? {} : { timeout: toTimeout(timeout) };
    const heard = await call.hear(signal ?? `topic:${topic}`, limit);
    if (heard === undefined) return { outcome: "timeout", output: null };
    const { id, body, at } = heard;
    return done({ id, body, at });
  },
};

function toTimeout(value: number | string): number {
  const ms = toMilliseconds(value);
  if (ms === undefined) throw fail("node.bad_time", { what: "duration", value: String(value) });
  return ms;
}

function checkHear({ signal, topic, timeout }: JsonObject): readonly Issue[] {
  if ((signal === undefined) === (topic === undefined))
    return [{ path: "", message: 'must say "signal" (a name) or "topic" (a topic, or a pattern of topics)' }];
  if (timeout === undefined || (typeof timeout === "string" && timeout.includes("${"))) return [];
  return toMilliseconds(timeout) === undefined
    ? [{ path: "timeout", message: "must be a duration: milliseconds, or like 500ms, 2s, 10m, 1h" }]
    : [];
}
