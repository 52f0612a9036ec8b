import type { ModelRequest } from "../../kinds/model.ts";

// What is reserved for an answer whose request sets no limit; a longer answer takes more room while it streams.
const ANSWER_TOKENS = 1024;

/** Estimates tokens as a quarter of the characters. */
export function estimateTokens(characters: number): number {
  return Math.ceil(characters / 4);
}

/** Estimates what a request puts in: what is said, and tools and schema as JSON. */
export function estimateInput(request: Partial<ModelRequest>): number {
  let characters = 0;
  for (const message of request.messages ?? []) {
    characters += message.text.length;
    if (message.role === "assistant" && message.toolCalls !== undefined) characters += lengthOf(message.toolCalls);
  }
  const tools = request.tools === undefined ? 0 : lengthOf(request.tools);
  const output = request.output === undefined ? 0 : lengthOf(request.output.schema);
  return estimateTokens(characters) + estimateTokens(tools) + estimateTokens(output);
}

/** The most that a request lets the model answer. */
export function answerTokens({ maxTokens }: Partial<ModelRequest>): number {
  return maxTokens !== undefined && maxTokens >= 1 ? Math.floor(maxTokens) : ANSWER_TOKENS;
}

function lengthOf(value: unknown): number {
  try {
    return JSON.stringify(value)?.length ?? 0;
  } catch {
    // What is not JSON cannot be put to a provider: the model itself will say so.
    return 0;
  }
}
