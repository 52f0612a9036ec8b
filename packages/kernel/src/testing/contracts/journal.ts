import type { Journal } from "../../kinds/journal.ts";
import type { Contract } from "./contract.ts";
import { journalDedupe } from "./journal-dedupe.ts";
import { journalParking } from "./journal-parking.ts";
import { journalQueues } from "./journal-queues.ts";
import { journalRetention } from "./journal-retention.ts";
import { journalRows } from "./journal-rows.ts";
import { journalRuns } from "./journal-runs.ts";
import { journalSignals } from "./journal-signals.ts";
import { journalTasks } from "./journal-tasks.ts";

export { type JournalWithStore, journalWrites } from "./journal-writes.ts";

/** What every journal does: whose a run is and whose turn, what is kept of it, what wakes it, and who decided. */
export const journalContract: readonly Contract<Journal>[] = [
  ...journalRuns,
  ...journalRows,
  ...journalTasks,
  ...journalQueues,
  ...journalDedupe,
  ...journalParking,
  ...journalSignals,
  ...journalRetention,
];
