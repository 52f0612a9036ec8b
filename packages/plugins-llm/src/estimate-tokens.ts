import type { ModelRequest } from "@mofa/kernel";

/** Estimates tokens as a quarter of the characters: right within a third for English, and no better than that. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/** Estimates the tokens of a whole request: what is said, four for each message, and the tools and schema as JSON. */
export function estimateRequestTokens(request: ModelRequest): number {
  let tokens = 3;
  for (const message of request.messages) {
    tokens += 4 + estimateTokens(message.text);
    if (message.role === "assistant" && message.toolCalls !== undefined) {
      tokens += estimateTokens(JSON.stringify(message.toolCalls));
    }
  }
  if (request.tools !== undefined && request.tools.length > 0) tokens += estimateTokens(JSON.stringify(request.tools));
  return request.output === undefined ? tokens : tokens + estimateTokens(JSON.stringify(request.output.schema));
}
