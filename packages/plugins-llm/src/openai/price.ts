import type { ModelUsage } from "@mofa/kernel";

/** US dollars per million tokens. */
export interface Price {
  readonly input: number;
  readonly output: number;
  /** For input that the provider had in its cache; default as `input`. */
  readonly cachedInput?: number;
}

/** The price of the first of the names that the table has. */
export function priceOf(
  prices: Readonly<Record<string, Price>>,
  names: readonly (string | undefined)[],
): Price | undefined {
  return names.map((name) => (name === undefined ? undefined : prices[name])).find((found) => found !== undefined);
}

/** Adds the cost where a price is known: by the first of the names that the table has. */
export function withCost(
  usage: ModelUsage,
  prices: Readonly<Record<string, Price>>,
  names: readonly string[],
): ModelUsage {
  const price = priceOf(prices, names);
  if (price === undefined) return usage;
  const cached = usage.cachedInputTokens ?? 0;
  const dollars =
    (usage.inputTokens - cached) * price.input +
    cached * (price.cachedInput ?? price.input) +
    usage.outputTokens * price.output;
  return { ...usage, cost: dollars / 1_000_000 };
}
