/** Language models: OpenAI and everything that speaks its protocol, and the rehearsal model. */
export { openai } from "./openai/openai.ts";
export type { EmbeddingsOptions, OpenaiOptions } from "./openai/options.ts";
export type { Price } from "./openai/price.ts";
export * from "./rehearsal/index.ts";
