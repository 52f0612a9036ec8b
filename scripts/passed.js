// Records that a check passed: turbo keeps the file with the task, so a check found in the cache counts as passed too.
import { mkdirSync, writeFileSync } from "node:fs";

const name = process.argv[2];
mkdirSync(".summary", { recursive: true });
writeFileSync(`.summary/${name}.json`, `${JSON.stringify({ passed: 1, failed: 0, skipped: 0 })}\n`);
