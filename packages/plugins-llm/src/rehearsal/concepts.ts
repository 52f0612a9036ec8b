import { stem } from "./words.ts";

const GROUPS: readonly (readonly string[])[] = [
  "deliver delivery ship shipping shipment arrive parcel package track tracking courier late dispatch transit where".split(
    " ",
  ),
  "refund reimburse repay moneyback erstattung remboursement".split(" "),
  "return back".split(" "),
  "broken damage defect defective crack leak faulty repair warranty".split(" "),
  "price cost amount total pay charge".split(" "),
  "invoice bill billing receipt vat".split(" "),
  "exchange swap replace wrong".split(" "),
  "privacy gdpr personal data erase".split(" "),
  "weather sky rain temperature forecast sunny".split(" "),
  "find look search show list see check lookup".split(" "),
  "urgent critical danger emergency immediately smoke fire injury".split(" "),
  "positive happy great delighted love excellent praise good".split(" "),
  "negative angry terrible disappointed awful bad unacceptable idiot".split(" "),
  "when date time day schedule calendar".split(" "),
];

const GROUPS_OF: ReadonlyMap<string, readonly number[]> = indexGroups();

/** The stems that mean something near to a stem; empty when nothing is known of it. */
export function relatedTo(term: string): readonly string[] {
  const groups = GROUPS_OF.get(term) ?? [];
  return groups.flatMap((index) => (GROUPS[index] ?? []).map(stem)).filter((other) => other !== term);
}

function indexGroups(): ReadonlyMap<string, readonly number[]> {
  const index = new Map<string, number[]>();
  for (const [number, words] of GROUPS.entries()) {
    for (const word of words) index.set(stem(word), [...(index.get(stem(word)) ?? []), number]);
  }
  return index;
}
