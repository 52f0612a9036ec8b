import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const IMPORT = /^(?:import|export)\s(?!type\b)(?:[^"';]*?\sfrom\s)?"([^"]+)"/gmu;

/** Follows every import that is there at run time; gives the files and what comes from outside. */
function follow(entry: string) {
  const files = new Set<string>();
  const outside = new Set<string>();
  const queue = [join(root, entry)];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    for (const [, name = ""] of readFileSync(file, "utf8").matchAll(IMPORT)) {
      if (name.startsWith(".")) queue.push(join(dirname(file), name));
      else outside.add(name);
    }
  }
  return { files: [...files].map((file) => relative(root, file)), outside: [...outside] };
}

test.each(["src/index.ts", "src/host/index.ts", "src/testing/index.ts"])(
  "%s needs nothing but eventemitter3",
  (entry) => {
    const { files, outside } = follow(entry);
    expect(files.length).toBeGreaterThan(10);
    expect(outside.filter((name) => name !== "eventemitter3")).toEqual([]);
  },
);

test("the contracts do not reach the host, and the emitter is seen by one file", () => {
  const { files, outside } = follow("src/index.ts");
  expect(files.filter((file) => file.includes("host") || file.includes("testing"))).toEqual([]);
  expect(outside).toEqual(["eventemitter3"]);
  const users = follow("src/host/index.ts").files.filter((file) =>
    readFileSync(join(root, file), "utf8").includes('"eventemitter3"'),
  );
  expect(users).toEqual(["src/event.ts"]);
});

test.runIf(existsSync(join(root, "dist/index.js")))("what is built needs nothing but eventemitter3 either", () => {
  for (const entry of ["dist/index.js", "dist/host/index.js"]) {
    expect(follow(entry).outside.filter((name) => name !== "eventemitter3")).toEqual([]);
  }
});
