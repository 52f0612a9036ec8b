// Writes workflow.schema.json from the table that workflows are checked with. Run: pnpm schema
import { writeFile } from "node:fs/promises";
import { workflowSchema } from "../src/graph/workflow-schema.ts";

const file = new URL("../workflow.schema.json", import.meta.url);
await writeFile(file, `${JSON.stringify(workflowSchema(), null, 2)}\n`);
