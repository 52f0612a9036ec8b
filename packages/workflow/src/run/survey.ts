// Who works on open runs, and why nobody works on some.
import { type AnyAction, type Journal, RUN_ENDS, type RunRecord } from "@mofa/kernel";
import { deadOwners } from "./liveness.ts";

/** What a look at open runs has shown. */
export interface Survey {
  /** Workers that are surely dead. */
  readonly dead: readonly string[];
  /** Runs that are due and that nobody here can work on. */
  readonly parked: readonly RunRecord[];
  /** Kinds of actions that runs name. */
  readonly kinds: readonly string[];
}

// Parked runs may be very many: of those that nobody owns, a few are enough to say what is missing.
const SAMPLE = 100;

/** Looks at the runs that somebody owns, and at the newest of those that nobody does. */
export async function surveyRuns(
  journal: Journal,
  reasonOf: (record: RunRecord) => string | undefined,
): Promise<Survey> {
  const owned = await journal.list({ status: ["running", "waiting"], owned: true, limit: 1000 });
  const queued = await journal.list({ status: ["queued"], limit: SAMPLE });
  const waiting = await journal.list({ status: ["waiting"], owned: false, limit: SAMPLE });
  const open = [...owned, ...queued, ...waiting];
  return {
    dead: deadOwners(owned),
    parked: open.flatMap((record) => {
      const reason = reasonOf(record);
      return reason === undefined ? [] : { ...record, parked: reason };
    }),
    kinds: [...new Set(open.map(({ kind }) => kind))],
  };
}

/** The versions of runs that an action can go on with; undefined: any. Runs of graphs keep the graph they began with. */
export function versionsOf(action: object): readonly string[] | undefined {
  if ("definition" in action || !("version" in action) || typeof action.version !== "string") return undefined;
  const accepts = "accepts" in action && Array.isArray(action.accepts) ? action.accepts.map(String) : [];
  return [action.version, ...accepts];
}

/** Why nobody here can work on an open run that nobody owns. */
export function parkedReason(
  { kind, name, version, status, owner, leaseUntil, wakeAt }: RunRecord,
  { action, now }: { readonly action: AnyAction | undefined; readonly now: number },
): string | undefined {
  if (RUN_ENDS.includes(status) || (leaseUntil ?? 0) > now) return undefined;
  // It waits, and is not due: that is nobody's fault.
  if (owner === undefined && (status === "waiting" || wakeAt !== undefined) && (wakeAt ?? Infinity) > now)
    return undefined;
  if (action === undefined) return `no ${kind} "${name}" is registered. Add the plugin or file that brings it.`;
  const versions = versionsOf(action);
  if (versions === undefined || version === undefined || versions.includes(version)) return undefined;
  const there = versions.map((one) => `"${one}"`).join(", ");
  return `it was begun by version "${version}" of the ${kind} "${name}", and the one that is registered goes on with ${there}. Bring that version back, or name it in "accepts".`;
}
