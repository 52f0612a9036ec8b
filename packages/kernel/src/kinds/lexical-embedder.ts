// Vectors by spelling alone: no model, no network, the same numbers everywhere.
//
// Words and the character trigrams and fourgrams inside them (as the subwords of fastText: Bojanowski, Grave, Joulin and
// Mikolov 2017) are put into a fixed number of places by signed feature hashing (Weinberger, Dasgupta, Langford, Smola
// and Attenberg 2009): a hash chooses the place, another bit of it the sign, so that collisions cancel out on average.
//
// 1. The numbers depend on the text alone. Changing how they come about needs another name: kept vectors are compared.
import type { Embedder } from "./embedder.ts";
import { countWords } from "./memory-words.ts";

const DIMENSIONS = 256;

/** How far chance may bring two texts together: twice the spread that hashing into so many places has. */
const SPREADS = 2;

/** Finds texts that share stems, spellings and typing mistakes; it knows nothing of what words mean. */
export function lexicalEmbedder({ dimensions = DIMENSIONS }: LexicalOptions = {}): Embedder {
  return {
    name: "lexical",
    dimensions,
    floor: SPREADS / Math.sqrt(dimensions),
    embed: async (texts) => texts.map((text) => [...embedText(text, dimensions)]),
  };
}

export interface LexicalOptions {
  /** More keep apart better and cost more. Default 256. */
  readonly dimensions?: number;
}

function embedText(text: string, dimensions: number): Float64Array {
  const vector = new Float64Array(dimensions);
  for (const [word, count] of countWords(text)) {
    const grams = gramsOf(word);
    // Repetition counts less each time. Short words count little: they are the common ones in most languages.
    const share = Math.min(1, [...word].length / (isSpaced(word) ? LONG : 2)) ** 2;
    const weight = (1 + Math.log(count)) * share;
    add(vector, `=${word}`, weight);
    for (const gram of grams) add(vector, gram, weight / grams.length ** SPREAD_OUT);
  }
  return scaled(vector);
}

/** Letters from which on a word weighs in full. */
const LONG = 5;

/** How far the parts of a word share its weight: at 0 each weighs as the word, at 1 all together do. */
const SPREAD_OUT = 0.25;

function isSpaced(word: string): boolean {
  return !/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u.test(word);
}

function gramsOf(word: string): readonly string[] {
  const signs = [...`<${word}>`];
  const grams: string[] = [];
  for (const size of [3, 4]) {
    for (let at = 0; at + size <= signs.length; at++) grams.push(signs.slice(at, at + size).join(""));
  }
  return grams;
}

function add(vector: Float64Array, feature: string, weight: number): void {
  const hash = hashOf(feature);
  const place = (hash >>> 1) % vector.length;
  vector[place] = (vector[place] ?? 0) + ((hash & 1) === 0 ? weight : -weight);
}

function scaled(vector: Float64Array): Float64Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((number) => number / length);
}

// FNV-1a over UTF-16 units, its bits mixed once more (the end of MurmurHash3): alone its lowest bit hardly varies.
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
