import type { Action, Call } from "@mofa/kernel";

/** A part of a flow, with a call of its own to work with: what it begins there is stopped when the flow needs it no more. */
export type Branch<T = unknown> = (call: Call) => T | Promise<T>;

/** What a branch that may fail came to. */
export type Settled<T> =
  | { readonly value: T }
  | { readonly error: { readonly code: string; readonly message: string } };

/**
 * Runs a branch as a call under another. It is found again by its name, so that what it does in one life is never
 * taken for what another branch did; only the steps in it are kept.
 */
export function runBranch<T>(call: Call, name: string, branch: Branch<T>): Promise<T> {
  const action: Action<null, T> = { kind: "node", name: "branch", effect: "none", run: (_, own) => branch(own) };
  return call.invoke(action, null, { key: name });
}

/** Runs a part of a flow as one kept step: in a later life, it is what it came to, whatever comes first then. */
export function runKept<T>(call: Call, name: string, { key, names, run }: KeptPart<T>): Promise<T> {
  const action: Action<readonly string[], T> = { kind: "node", name, run: (_, own) => run(own) };
  return call.invoke(action, names, key === undefined ? {} : { key });
}

interface KeptPart<T> {
  readonly key: string | undefined;
  /** Of its branches: what it is found again by, without a key. */
  readonly names: readonly string[];
  run(call: Call): Promise<T>;
}
