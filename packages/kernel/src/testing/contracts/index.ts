/** What every thing of a kind does, as data: loop over a list with any test runner. */
export type { Contract, Open, Opened } from "./contract.ts";
export { type JournalWithStore, journalContract, journalWrites } from "./journal.ts";
export { memoryContract } from "./memory.ts";
export { sessionContract } from "./session.ts";
export { storeContract } from "./store.ts";
