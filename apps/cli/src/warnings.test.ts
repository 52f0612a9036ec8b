import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { quietWarnings } from "./warnings.ts";

test("only the two warnings about loading plugins are kept back", () => {
  const emitter = new EventEmitter();
  const printed: string[] = [];
  emitter.on("warning", ({ message }: Error) => printed.push(message));
  quietWarnings(emitter as NodeJS.Process);
  const warn = (name: string, message: string) => emitter.emit("warning", Object.assign(new Error(message), { name }));
  const experimental = (feature: string) =>
    warn("ExperimentalWarning", `${feature} is an experimental feature and might change at any time`);
  experimental("stripTypeScriptTypes");
  experimental("vm.USE_MAIN_CONTEXT_DEFAULT_LOADER");
  experimental("Something else");
  warn("DeprecationWarning", "stripTypeScriptTypes is deprecated");
  expect(printed).toEqual([
    "Something else is an experimental feature and might change at any time",
    "stripTypeScriptTypes is deprecated",
  ]);
});
