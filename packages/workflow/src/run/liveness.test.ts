import { spawn } from "node:child_process";
import { once } from "node:events";
import { hostname } from "node:os";
import { expect, test } from "vitest";
import { createWorkerId, isDead } from "./liveness.ts";

test("a worker of this process is alive, and no two are the same", () => {
  expect(isDead(createWorkerId())).toBe(false);
  expect(createWorkerId()).not.toBe(createWorkerId());
});

test("a worker whose process has ended is dead", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  const worker = `${hostname()}:${child.pid}:abc`;
  await once(child, "exit");
  expect(isDead(worker)).toBe(true);
});

test("nothing is said of other hosts, of somebody else's processes, or of ids of another make", () => {
  expect(
    ["elsewhere:1:x", `${hostname()}:1:x`, "worker-7", `${hostname()}:abc:x`].map((worker) => isDead(worker)),
  ).toEqual([false, false, false, false]);
});
