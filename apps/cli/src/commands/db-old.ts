import type { OldThings, PruneOptions } from "@mofa/sdk/persistence/admin";
import { fail } from "../errors.ts";
import { duration } from "../project/duration.ts";

/** What `mofa db prune` was told, as the command line says it. */
export interface OldArguments {
  readonly olderThan?: string;
  readonly keep?: number;
  readonly sessionsPrefix?: string;
  readonly sessionsOlderThan?: string;
  readonly sessionsKeep?: number;
  readonly factsPrefix?: string;
  readonly factsOlderThan?: string;
  readonly factsKeep?: number;
  readonly documentsPrefix?: string;
  readonly documentsOlderThan?: string;
  readonly documentsKeep?: number;
}

interface Said {
  readonly prefix?: string | undefined;
  readonly olderThan?: string | undefined;
  readonly keep?: number | undefined;
}

const COMMAND = "mofa db prune";

/** What of it may go. Nothing goes that was not named. */
export function readOld(given: OldArguments, now: number): PruneOptions {
  const read = (what: string, { prefix, olderThan, keep }: Said): OldThings | undefined => {
    if (olderThan === undefined && keep === undefined) {
      if (prefix !== undefined) throw fail("usage.nothing_old", { command: COMMAND, what });
      return undefined;
    }
    if (what === "documents" && prefix === undefined) throw fail("usage.no_prefix", { command: COMMAND });
    return {
      ...(prefix === undefined ? {} : { prefix }),
      ...(olderThan === undefined ? {} : { before: now - age(olderThan) }),
      ...(keep === undefined ? {} : { keep }),
    };
  };
  const { sessionsPrefix, sessionsOlderThan, sessionsKeep } = given;
  const { factsPrefix, factsOlderThan, factsKeep } = given;
  const { documentsPrefix, documentsOlderThan, documentsKeep } = given;
  const runs = read("runs", given);
  const sessions = read("sessions", { prefix: sessionsPrefix, olderThan: sessionsOlderThan, keep: sessionsKeep });
  const facts = read("facts", { prefix: factsPrefix, olderThan: factsOlderThan, keep: factsKeep });
  const documents = read("documents", { prefix: documentsPrefix, olderThan: documentsOlderThan, keep: documentsKeep });
  const old = {
    ...(runs === undefined ? {} : { runs }),
    ...(sessions === undefined ? {} : { sessions }),
    ...(facts === undefined ? {} : { facts }),
    ...(documents === undefined ? {} : { documents }),
  };
  if (Object.keys(old).length === 0) throw fail("usage.nothing_old", { command: COMMAND });
  return old;
}

function age(value: string): number {
  const read = duration().safeParse(value);
  if (!read.success) throw fail("usage.bad_age", { value });
  return read.data;
}
