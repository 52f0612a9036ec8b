import type { Price } from "./price.ts";

export interface OpenaiOptions {
  /** The name of the model and of the plugin; give another to have several endpoints. Default `openai`. */
  readonly name?: string;
  /** Default: the environment's OPENAI_API_KEY. */
  readonly apiKey?: string;
  /** Default: the environment's OPENAI_BASE_URL, else OpenAI itself. */
  readonly baseURL?: string;
  /** The model names it serves; the first is asked when a request names none. Default: every name. */
  readonly models?: readonly string[];
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How often the client repeats a request that failed before an answer began. Default 2. */
  readonly maxRetries?: number;
  /** Milliseconds of silence after which an answer is given up. Default 600,000. */
  readonly timeout?: number;
  /** Brings an embedder too, called `NAME/MODEL`: facts are then found by what this model makes of them. */
  readonly embeddings?: EmbeddingsOptions;
  /** US dollars per million tokens, by model name. */
  readonly prices?: Readonly<Record<string, Price>>;
}

export interface EmbeddingsOptions {
  /** As the endpoint calls it: `text-embedding-3-small`. */
  readonly model: string;
  /** How many numbers a vector has. OpenAI's third generation is asked for so many; of others it has to be said. */
  readonly dimensions?: number;
  /** Texts in one request at most. Default 128. */
  readonly batch?: number;
}

const TEXT = { type: "string", minLength: 1 } as const;
const DOLLARS = { type: "number", minimum: 0 } as const;

/** The check of `OpenaiOptions`. */
export const OPTIONS = {
  type: "object",
  properties: {
    name: TEXT,
    apiKey: TEXT,
    baseURL: { type: "string", pattern: "^https?://" },
    models: { type: "array", items: TEXT, minItems: 1 },
    headers: { type: "object", additionalProperties: { type: "string" } },
    maxRetries: { type: "integer", minimum: 0 },
    timeout: { type: "integer", minimum: 1 },
    embeddings: {
      type: "object",
      properties: {
        model: TEXT,
        dimensions: { type: "integer", minimum: 1 },
        batch: { type: "integer", minimum: 1, maximum: 2048 },
      },
      required: ["model"],
      additionalProperties: false,
    },
    prices: {
      type: "object",
      additionalProperties: {
        type: "object",
        properties: { input: DOLLARS, output: DOLLARS, cachedInput: DOLLARS },
        required: ["input", "output"],
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
} as const;
