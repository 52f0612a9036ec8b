import { createRequire } from "node:module";

/** The native module, loaded by the path that the supervisor resolved: a worker may not read the folders in between. */
export const ivm = createRequire(import.meta.url)(String(process.argv[2])) as typeof import("isolated-vm");
