import { seededRandom } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { decodeRow, encode } from "./nul.ts";

test("every text comes back as it was, and none is kept with a NUL in it", () => {
  const seed = Number(process.env["MOFA_SEED"] ?? Date.now() % 1_000_000);
  console.log(`texts with MOFA_SEED=${seed}`);
  const random = seededRandom(seed);
  const signs = ["\0", "\ue000", "\ue001", "a", "🙂"];
  for (let n = 0; n < 500; n++) {
    const text = Array.from({ length: 12 }, () => signs[Math.floor(random() * signs.length)]).join("");
    const kept = encode(text);
    expect(kept).not.toContain("\0");
    expect(decodeRow({ kept })).toEqual({ kept: text });
  }
});
