// The last events, for the status page.
//
// 1. Bounded: the oldest goes when a new one comes.
// 2. Keeps a copy of the head of each event, never its input or output.
import type { Event, JsonObject } from "@mofa/kernel";

/** What the page says of one event. */
export interface TailEntry extends JsonObject {
  readonly type: string;
  readonly at: number;
  readonly kind: string;
  readonly name: string;
  readonly trace: string;
  /** Its status, reason or error; "" where the type says all. */
  readonly detail: string;
}

/** Which models answered since the gateway started. */
export type Rehearsal = "none" | "some" | "all";

export interface Tail {
  take(event: Event): void;
  /** Newest first. */
  entries(): readonly TailEntry[];
  rehearsal(): Rehearsal;
}

export function createTail(size: number): Tail {
  const ring: TailEntry[] = [];
  let next = 0;
  let real = 0;
  let rehearsed = 0;
  return {
    take(event) {
      // A growing answer would push everything else out.
      if (event.type === "action.delta") return;
      if (event.type === "model.usage") event.rehearsal ? rehearsed++ : real++;
      const { type, at, kind, name, trace } = event;
      ring[next] = { type, at, kind, name, trace, detail: toDetail(event) };
      next = (next + 1) % size;
    },
    entries: () => [...ring.slice(next), ...ring.slice(0, next)].reverse(),
    rehearsal: () => (rehearsed === 0 ? "none" : real === 0 ? "all" : "some"),
  };
}

function toDetail(event: Event): string {
  switch (event.type) {
    case "action.end":
    case "action.replayed":
    case "message.handled":
      return `${Math.round(event.ms)} ms`;
    case "action.error":
      return `${event.error.code}: ${event.error.message}`;
    case "message.failed":
      return `${event.error.code}: ${event.error.message}`;
    case "message.dead":
      return `→ ${event.to}: ${event.reason.code}: ${event.reason.message}`;
    case "task.changed":
      return withReason(event.agent === undefined ? event.status : `${event.status} on ${event.agent}`, event.reason);
    case "budget.exceeded":
      return `${event.budget}${event.of === "" ? "" : ` of ${event.of}`}: ${event.spent} of ${event.limit} ${event.what}`;
    case "message.sent":
      return `${event.from === "" ? "" : `${event.from} `}→ ${event.to}, ${event.status}`;
    case "agent.changed":
      return withReason(`${event.from} → ${event.to}`, event.reason);
    case "plugin.changed":
    case "run.changed":
      return withReason(event.status, event.reason);
    case "file.changed":
      return withReason(`${event.path} ${event.status}`, event.reason);
    case "decision.changed":
      return event.status;
    case "model.usage":
      return `${event.inputTokens} + ${event.outputTokens} tokens${event.rehearsal ? ", rehearsal" : ""}`;
    default:
      return "";
  }
}

function withReason(text: string, reason: string | undefined): string {
  return reason === undefined ? text : `${text}: ${reason}`;
}
