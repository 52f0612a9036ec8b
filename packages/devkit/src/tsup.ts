import { defineConfig } from "tsup";

/** Builds the JavaScript of a package: one file per entry, shared code in chunks. Declarations are made by tsc. */
export function library(entries: readonly string[]) {
  return defineConfig({
    entry: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
    format: "esm",
    target: "node24",
    platform: "node",
    sourcemap: true,
    clean: true,
    dts: false,
    silent: true,
  });
}
