import { summarize } from "./answer.ts";
import { sentencesOf } from "./find.ts";
import type { Source } from "./want.ts";
import { sayName } from "./words.ts";

/** A text that suits the name of a field: an answer, a title, a reason, or a sentence of what was said. */
export function sentenceFor(
  name: string,
  { source, answer }: { readonly source: Source; readonly answer: string },
  index: number,
): string {
  const text = source.texts[0] ?? "";
  if (/answer|reply|response|message|draft|letter|body|content|text|output|result/i.test(name))
    return index === 0 ? answer : `${answer} (${index + 1})`;
  const sentences = sentencesOf(text);
  const chosen = sentences[index % Math.max(1, sentences.length)];
  if (chosen === undefined) return `${sayName(name) || "rehearsal"} ${index + 1}`;
  if (/title|subject|headline|name|label|tag|keyword/i.test(name)) return title(chosen, index);
  if (/summary|gist|abstract|overview/i.test(name)) return summarize(text, 2);
  return index < sentences.length ? chosen : `${chosen} (${index + 1})`;
}

function title(sentence: string, index: number): string {
  const words = sentence
    .replace(/[.!?,;:]+$/, "")
    .split(/\s+/)
    .slice(0, 6)
    .join(" ");
  return index === 0 ? words : `${words} ${index + 1}`;
}
