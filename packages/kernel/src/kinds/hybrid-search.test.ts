import { expect, test } from "vitest";
import { fakeClock } from "../testing/clock.ts";
import { inMemoryMemory } from "./in-memory-memory.ts";
import { lexicalEmbedder } from "./lexical-embedder.ts";
import type { SearchMode } from "./memory.ts";

const FACTS = {
  move: "Ann moved from Bergen to Oslo in the spring of 2024.",
  invoices: "Invoices must be addressed to the accounting department, not to Ann herself.",
  allergy: "She is allergic to peanuts and shellfish.",
  delivery: "Deliveries are only possible on weekday mornings before ten.",
  rent: "The rent for the flat is due on the first of each month.",
  dog: "Her dog is called Balder and is afraid of thunderstorms.",
  password: "Resetting the password requires a phone call to the administrator.",
  refund: "Refunds are paid out within fourteen days to the original credit card.",
  language: "She prefers to be written to in Norwegian.",
  contract: "The contract was cancelled in June and renewed in September.",
  warehouse: "The warehouse in Drammen ships parcels twice a day.",
  meeting: "The weekly meeting takes place on Thursdays in the big conference room.",
  budget: "The marketing budget was increased by twelve percent.",
  bicycle: "She commutes by bicycle unless it is raining.",
  database: "The production database is backed up every night to a server in Frankfurt.",
  vegetarian: "Her colleague Bob is a vegetarian and does not drink coffee.",
} as const;

// Each asks for one fact: with other endings, typing mistakes, compounds taken apart, or the same words.
const QUESTIONS: readonly (readonly [string, keyof typeof FACTS])[] = [
  ["where is she moving", "move"],
  ["adress for an invoce", "invoices"],
  ["peanut allergies", "allergy"],
  ["when can you deliver", "delivery"],
  ["monthly rental", "rent"],
  ["scared of a thunder storm", "dog"],
  ["reset my pasword", "password"],
  ["refunding the order", "refund"],
  ["norwegain speaker", "language"],
  ["contractual cancellation", "contract"],
  ["shipping a parcel", "warehouse"],
  ["conferense on thursday", "meeting"],
  ["budgeting for marketting", "budget"],
  ["cycling to work in the rain", "bicycle"],
  ["backups of production databases", "database"],
  ["vegetarians in the team", "vegetarian"],
  ["rent of the flat", "rent"],
  ["credit card refunds", "refund"],
];

/** The mean over the questions of 1 / (rank of the fact that is asked for), 0 where it was not found. */
async function reciprocalRank(mode: SearchMode): Promise<number> {
  const embedder = lexicalEmbedder();
  const memory = inMemoryMemory({ clock: fakeClock(), embedder: () => embedder });
  await memory.remember(Object.entries(FACTS).map(([id, text]) => ({ id, namespace: "n", text })));
  let sum = 0;
  for (const [text, wanted] of QUESTIONS) {
    const found = await memory.search({ namespace: "n", text, mode });
    const rank = found.findIndex(({ id }) => id === wanted) + 1;
    sum += rank === 0 ? 0 : 1 / rank;
  }
  return sum / QUESTIONS.length;
}

test("on questions with other endings and typing mistakes both ways together find more than words alone", async () => {
  const [words, hybrid] = [await reciprocalRank("words"), await reciprocalRank("hybrid")];
  expect(hybrid).toBeGreaterThan(words + 0.4);
});
