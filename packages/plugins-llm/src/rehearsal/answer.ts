import type { Conversation } from "./conversation.ts";
import { sentencesOf } from "./find.ts";
import { pick, type Random } from "./random.ts";
import { sayAnswer, sayValue } from "./say-value.ts";
import { wordsOf } from "./words.ts";

/** Answers from what the tools said in this turn, or says plainly that only a rehearsal speaks. */
export function composeAnswer(conversation: Conversation, random: Random, today: string | undefined): string {
  const { answers, system } = conversation;
  const said = [...new Set(answers.map((answer) => sayAnswer(answer, today)))];
  const body = said.length > 0 ? said.join(" ") : sayText(conversation, random, today);
  return /\b(letter|e-?mail)\b/i.test(system) && answers.length === 0 ? letter(body, random) : body;
}

/** Asks for what a tool needs and nobody said. */
export function composeQuestion(wanted: readonly string[], random: Random): string {
  const things = wanted.length < 2 ? wanted[0] : `${wanted.slice(0, -1).join(", ")} and ${wanted.at(-1)}`;
  const ask = pick(random, [
    `Could you give me ${things}?`,
    `Please tell me ${things}; then I can look it up. What is it?`,
    `I need ${things} to help you. Could you tell me?`,
  ]);
  return ask;
}

function letter(body: string, random: Random): string {
  const thanks = pick(random, [
    "thank you for writing to us.",
    "thank you for your message.",
    "thank you for getting in touch.",
  ]);
  return `Hello,\n\n${thanks} ${body}\n\nKind regards`;
}

// What a workflow hands over is data in a text: `Findings: …` lines or JSON. Otherwise the text itself is summed up.
function sayText({ text }: Conversation, random: Random, today: string | undefined): string {
  const data = jsonIn(text);
  if (data !== undefined) return sayValue(data, { noun: "result", today });
  const pairs = pairsIn(text);
  if (pairs.length >= 2)
    return pairs
      .map(sayPair)
      .filter((part) => part !== "")
      .join(" ");
  const words = wordsOf(text);
  if (words.length === 0) return "Nothing was asked, so there is nothing to answer. Please write what you need.";
  if (words.length < 8 && /^\W*(hi|hello|hey|good (morning|day|evening)|thanks?|thank you)\b/i.test(text)) {
    return pick(random, ["Hello! How can I help you?", "Hello, what can I do for you?", "Hello! What do you need?"]);
  }
  const gist = summarize(text, 2);
  return `This is a rehearsal: no language model read this, so it is only summed up. ${gist}`;
}

/** The sentences of a text that hold most of what it speaks of, in order. */
export function summarize(text: string, most: number): string {
  const sentences = sentencesOf(text);
  const counts = new Map<string, number>();
  for (const word of wordsOf(text)) if (word.length > 3) counts.set(word, (counts.get(word) ?? 0) + 1);
  const weight = (sentence: string) => {
    const words = wordsOf(sentence).filter((word) => word.length > 3);
    return words.reduce((sum, word) => sum + (counts.get(word) ?? 0), 0) / Math.sqrt(words.length + 1);
  };
  const best = sentences.toSorted((left, right) => weight(right) - weight(left)).slice(0, most);
  return sentences
    .filter((sentence) => best.includes(sentence))
    .slice(0, most)
    .join(" ")
    .slice(0, 600);
}

function jsonIn(text: string): unknown {
  const start = text.search(/[[{]/);
  const end = Math.max(text.lastIndexOf("}"), text.lastIndexOf("]"));
  if (start < 0 || end <= start) return undefined;
  try {
    return JSON.parse(text.slice(start, end + 1));
  } catch {
    // Braces in ordinary text are not data.
    return undefined;
  }
}

type Pair = readonly [string, string];

function pairsIn(text: string): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const match of text.matchAll(
    /(?:^|(?<=\. )|\n)(\p{Lu}[\p{L} ]{2,30}): ([\s\S]*?)(?=\n\p{Lu}[\p{L} ]{2,30}: |\. \p{Lu}[\p{L} ]{2,30}: |$)/gu,
  )) {
    pairs.push([match[1] ?? "", (match[2] ?? "").trim()]);
  }
  return pairs;
}

function sayPair([name, value]: Pair): string {
  const plain = value.replace(/\.$/, "");
  if (/^(|false|null|none|undefined|no|(null|undefined)? ?euros?)$/i.test(plain)) return "";
  if (wordsOf(plain).length > 5) return /[.!?]$/.test(value) ? value : `${value}.`;
  return plain.toLowerCase() === "true" ? `${name}: yes.` : `${name}: ${plain}.`;
}
