import { createLog, type LogEntry, refuse } from "@mofa/kernel";
import { expect, test } from "vitest";
import { createAttempts } from "./attempts.ts";

test("work that fails again and again is told of once, for each reason, and when it works again", async () => {
  const heard: LogEntry[] = [];
  const attempt = createAttempts(createLog("test", (entry) => heard.push(entry), Date.now));
  const gone = refuse("run.not_found", { run: "r" });
  const over = refuse("run.ended", { run: "r", status: "done" });
  const works = () => Promise.resolve();
  const said = () => heard.splice(0).map(({ level, message }) => `${level}: ${message}`);

  await attempt("Looking", works);
  expect(said()).toEqual([]);
  for (const error of [gone, gone, over, over, over]) await attempt("Looking", () => Promise.reject(error));
  await attempt("Deleting", () => Promise.reject(gone));
  expect(said()).toEqual([
    `warn: Looking failed, and will be tried again: ${gone.message}`,
    `debug: Looking failed again: ${gone.message}`,
    `warn: Looking failed, and will be tried again: ${over.message}`,
    `debug: Looking failed again: ${over.message}`,
    `debug: Looking failed again: ${over.message}`,
    `warn: Deleting failed, and will be tried again: ${gone.message}`,
  ]);
  await attempt("Looking", works);
  await attempt("Looking", works);
  await attempt("Deleting", works);
  expect(said()).toEqual([
    "info: Looking works again, after 3 failed attempts.",
    "info: Deleting works again, after 1 failed attempt.",
  ]);
});
