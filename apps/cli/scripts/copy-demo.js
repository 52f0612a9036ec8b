// Puts the support desk beside the built command, so that `mofa demo` has it without a network.
import { cp } from "node:fs/promises";
import { basename } from "node:path";

const LEFT_OUT = new Set(["node_modules", "data", "package.json", "CHANGELOG.md"]);

await cp("../../examples/support-desk", "dist/demo", {
  recursive: true,
  filter: (source) => !LEFT_OUT.has(basename(source)),
});
