import type { Agent } from "@mofa/kernel";
import { type IsolatedOptions, type Isolation, isolated } from "../../src/isolation/isolated.ts";

export const FIXTURES = new URL("./fixtures/agents.ts", import.meta.url);

/** One of the agents of the fixtures, by what it exports as. */
export function fixture(
  name: string,
  isolation: Isolation,
  more: Partial<IsolatedOptions> = {},
  // biome-ignore lint/suspicious/noExplicitAny: tests give it what they like.
): Agent<any, any> {
  return isolated({ name, module: FIXTURES, export: name, isolation, ...more });
}

/** Resolves once something is so; asks in every turn of the event loop. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
