/** Supervised scripts: a sandbox of isolates in processes, tools and rules from hot folders, script nodes. */
export { expression, expressions } from "./expression.ts";
export { type FolderOptions, loadFolder } from "./folder.ts";
export { DEFAULT_LIMITS } from "./limits.ts";
export { type ScriptOptions, script } from "./plugin.ts";
export { namedScript, scriptTool } from "./script-actions.ts";
