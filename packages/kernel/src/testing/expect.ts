import { isMofaError, type MofaError, toErrorJson } from "../error.ts";
import { fail } from "../errors.ts";

/** Compares whole values, properties that are `undefined` counting as absent; says where they part first. */
export function equal(found: unknown, expected: unknown, contract: string): void {
  const difference = compare(found, expected, "$");
  if (difference !== undefined) throw fail("testing.contract_broken", { contract, ...difference });
}

/** Asserts one claim. */
export function holds(claim: boolean, contract: string): void {
  equal(claim, true, contract);
}

/** Asserts that the work is refused with a code, and gives the error. */
export async function refuses(work: () => Promise<unknown>, code: string, contract: string): Promise<MofaError> {
  try {
    await work();
  } catch (error) {
    if (isMofaError(error, code)) return error;
    throw fail("testing.contract_broken", broken(contract, code, show(toErrorJson(error))), { cause: error });
  }
  throw fail("testing.contract_broken", broken(contract, code, "no error at all"));
}

function broken(contract: string, code: string, found: string) {
  return { contract, path: "the error", expected: code, found };
}

interface Difference {
  readonly path: string;
  readonly expected: string;
  readonly found: string;
}

function compare(found: unknown, expected: unknown, path: string): Difference | undefined {
  if (Object.is(found, expected)) return undefined;
  if (!isObject(found) || !isObject(expected) || Array.isArray(found) !== Array.isArray(expected)) {
    return { path, expected: show(expected), found: show(found) };
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(found)]);
  for (const key of keys) {
    const difference = compare(found[key], expected[key], Array.isArray(found) ? `${path}[${key}]` : `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 400);
}
