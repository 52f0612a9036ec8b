import { createLog, type LogEntry } from "@mofa/kernel";
import { expect, test } from "vitest";
import { fail } from "../errors.ts";
import { createOutage } from "./outage.ts";

const gone = fail("database.unreachable", { file: "orders on db", reason: "connect ECONNREFUSED" });

test("an outage is told of when it begins and when it ends, however much work meets it", () => {
  const { outage, heard, at } = watched();
  outage.ends();
  at(100);
  for (let n = 0; n < 9; n++) outage.begins(gone);
  at(2_600);
  for (let n = 0; n < 9; n++) outage.ends();
  expect(heard.map(({ level }) => level)).toEqual(["warn", "info"]);
  expect(heard[0]?.message).toContain("connect ECONNREFUSED");
  expect(heard[1]).toMatchObject({
    message: `The database server of "orders on db" is there again, after 2500 ms.`,
    data: { ms: 2_500 },
  });
});

test("a server that is there by turns is told of seldom", () => {
  const { outage, heard, at } = watched();
  for (let now = 0; now < 20_000; now += 10) {
    at(now);
    outage.begins(gone);
    at(now + 5);
    outage.ends();
  }
  expect(heard.length).toBe(4);
});

function watched() {
  const heard: LogEntry[] = [];
  let now = 0;
  const log = createLog("postgres", (entry) => heard.push(entry), Date.now);
  const at = (time: number) => {
    now = time;
  };
  return { heard, at, outage: createOutage("orders on db", log, () => now) };
}
