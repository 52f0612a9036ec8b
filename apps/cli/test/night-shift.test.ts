import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const START = fileURLToPath(new URL("../../../examples/night-shift/start.ts", import.meta.url));

/** The story in order; what the guard does falls in between. */
const STORY = [
  "The guard walks a round",
  /press\s+begins with the catalogue/u,
  /press\s+puts the catalogue aside on page 5 of 12/u,
  /press\s+has done all 2 pages of the front page/u,
  /press\s+has done all 12 pages of the catalogue/u,
  /teller\s+was stopped after \d+ words: The budget "breath" of the agent "teller" has no room left/u,
  /mail\s+reads: Ten reams of paper, please\./u,
  /mail\s+kept as a dead letter: Tusen takk! Hilsen Åse \(RangeError: no type/u,
  /mail\s+is now version 1\.1\.0/u,
  /mail\s+reads: Tusen takk! Hilsen Åse/u,
  /mail\s+reads: GD NGHT, ML RM/u,
  /mail\s+is rolled back; so far: 1\.0\.0 replaced, 1\.1\.0 replaced, 1\.2\.0 rolled back, 1\.1\.0 active/u,
  /mail\s+reads: Good night, mail room/u,
  /press\s+puts the encyclopedia aside on page 3 of 9999/u,
  /press\s+The agent "press" was interrupted: the day shift needs the press/u,
  /guard\s+went \d+ rounds to their end, fell on [1-9]/u,
];

const TOLD_OF_GUARD = [/guard\s+is on its feet/gu, /guard\s+has fallen: its process is gone/gu];

test("the night shift tells its story to the end, and leaves nothing running", { timeout: 60_000 }, async () => {
  // It ends by itself: a process, timer or socket left behind would keep it.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--conditions=@mofa/source", START]);
  let rest = stdout;
  for (const part of STORY) {
    expect(rest).toMatch(part);
    rest = rest.slice(rest.search(part) + 1);
  }
  for (const told of TOLD_OF_GUARD) expect(stdout.match(told)?.length).toBeGreaterThan(0);
  expect(stderr).toBe("");
});
