// The kernel's shelves as isolated code sees them: descriptions, and stand-ins that ask the kernel.
import { type Call, type Json, type KindName, type Named, toJson } from "@mofa/kernel";
import { fail } from "../../errors.ts";
import { METHODS, type Operation, type Shelves } from "../wire.ts";

/** Asks for something as a part of a call. */
export type Ask = (operation: Operation, signal?: AbortSignal) => Promise<Json | undefined>;

/** What isolated code may look up. */
export interface Afar {
  put(shelves: Shelves): void;
  /** Whether a thing lives in the kernel and not here. */
  has(thing: object): boolean;
  get(kind: KindName, name: string, from: Looking): Named;
  find(kind: KindName, name: string | undefined, from: Looking): Named | undefined;
  list(kind: KindName, from: Looking): readonly Named[];
}

/** Who looks: what it finds asks on its behalf. */
export interface Looking {
  readonly ask: Ask;
  readonly call: Call;
}

export function createAfar(): Afar {
  const standIns = new WeakSet<object>();
  let shelves: Shelves = {};

  function make(kind: KindName, thing: Named, { ask, call }: Looking): Named {
    const methods = METHODS[kind];
    if (methods !== undefined) return withMethods(kind, { thing, methods, ask });
    const standIn = { ...thing, kind, run: (input: unknown) => call.invoke(standIn as never, input) };
    standIns.add(standIn);
    return standIn;
  }

  function shelf(kind: string): readonly Named[] {
    const known = Object.hasOwn(shelves, kind) ? shelves[kind] : undefined;
    if (known === undefined) throw fail("isolation.shelf_unknown", { kind });
    return known;
  }

  return {
    put(next) {
      shelves = next;
    },
    has: (thing) => standIns.has(thing),
    get(kind, name, from) {
      const known = Object.hasOwn(shelves, kind) ? shelves[kind] : undefined;
      // What cannot be seen from here may still be there: calling it tells.
      return make(kind, known?.find((thing) => thing.name === name) ?? { name }, from);
    },
    find(kind, name, from) {
      const found = shelf(kind).find((thing) => name === undefined || thing.name === name);
      return found === undefined ? undefined : make(kind, found, from);
    },
    list: (kind, from) => shelf(kind).map((thing) => make(kind, thing, from)),
  };
}

function withMethods(
  kind: string,
  { thing, methods, ask }: { readonly thing: Named; readonly methods: readonly string[]; readonly ask: Ask },
): Named {
  const { name } = thing;
  const calls = methods.map((method) => [
    method,
    async (...args: readonly unknown[]) => {
      const crossing = args.map((arg) => toJson(arg ?? null));
      // JSON has no undefined: what was left out at the end stays left out.
      while (crossing.length > 0 && args[crossing.length - 1] === undefined) crossing.pop();
      return ask({ do: "use", kind, name, method, args: crossing });
    },
  ]);
  return { ...thing, ...Object.fromEntries(calls) };
}
