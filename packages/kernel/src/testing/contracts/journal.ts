import type { Journal } from "../../kinds/journal.ts";
import type { Contract } from "./contract.ts";
import { journalRows } from "./journal-rows.ts";
import { journalRuns } from "./journal-runs.ts";
import { journalTasks } from "./journal-tasks.ts";

/** What every journal does: whose a run is, what is kept of it, and who decided. */
export const journalContract: readonly Contract<Journal>[] = [...journalRuns, ...journalRows, ...journalTasks];
