import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const START = fileURLToPath(new URL("../../../examples/from-langgraph/start.ts", import.meta.url));

test("a LangGraph graph goes on from a MoFA store in another life, and so does its MoFA workflow", async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--conditions=@mofa/source", START]);
  const lines = stdout.split("\n").map((line) => line.trim());
  // LangGraph begins the interrupted node again; neither begins what was kept.
  expect(lines.filter((line) => line.startsWith("write:"))).toHaveLength(1);
  expect(lines.filter((line) => line === "approve: begins")).toHaveLength(2);
  expect(lines).toContain("send: sent");
  expect(lines.find((line) => line.startsWith("sent: true"))).toMatch(/sent: true; [1-9]\d* documents/);
  expect(lines).toContain(
    'result: {"draft":"About \\"Where is my parcel?\\": we will look into it today.","sent":true}',
  );
  expect(lines).toContain("kept: tool write, ask Send it?, tool send");
  expect(stderr).toBe("");
}, 60_000);
