import { fail } from "../../errors.ts";
import type { Agent } from "../../kinds/agent.ts";
import type { Supervision } from "../../kinds/supervisor.ts";
import type { FullPolicy, MailboxOptions } from "../../message.ts";

const POLICIES: readonly FullPolicy[] = ["wait", "reject", "drop-oldest", "drop-newest"];
const RESTARTS: readonly Supervision["restart"][] = ["permanent", "transient", "temporary"];
const FAILURES: readonly Supervision["failsOn"][] = ["crash", "error"];

/** Refuses an agent that could never do what is said of it: one without a place for work would keep its askers waiting for ever. */
export function checkAgent({ name, concurrency, mailbox, supervision }: Agent): void {
  const problem =
    (isPlaces(concurrency) ? undefined : `concurrency is ${concurrency}, and not a whole number from 1`) ??
    problemOfMailbox(mailbox) ??
    problemOfSupervision(supervision);
  if (problem !== undefined) throw fail("agent.bad", { agent: name, problem });
}

function problemOfMailbox({ maxMessages, maxBytes, full }: MailboxOptions = {}): string | undefined {
  if (!isAmount(maxMessages)) return `mailbox.maxMessages is ${maxMessages}, and not a number from 0`;
  if (!isAmount(maxBytes)) return `mailbox.maxBytes is ${maxBytes}, and not a number from 0`;
  return problemOf("mailbox.full", full, POLICIES);
}

function problemOfSupervision({ restart, failsOn, redeliver }: Supervision = {}): string | undefined {
  if (!isAmount(redeliver)) return `supervision.redeliver is ${redeliver}, and not a number from 0`;
  return problemOf("supervision.restart", restart, RESTARTS) ?? problemOf("supervision.failsOn", failsOn, FAILURES);
}

function problemOf<T>(field: string, value: T | undefined, known: readonly T[]): string | undefined {
  if (value === undefined || known.includes(value)) return undefined;
  return `${field} is "${value}", and not one of ${known.join(", ")}`;
}

function isPlaces(value: number | undefined): boolean {
  return value === undefined || value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 1);
}

function isAmount(value: number | undefined): boolean {
  return value === undefined || (typeof value === "number" && value >= 0);
}
