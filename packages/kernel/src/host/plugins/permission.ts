import type { AnyAction } from "../../action.ts";
import { fail } from "../../errors.ts";

/** What a plugin may do with a kind: bring things of it, use them, wrap or watch what they do. `*` is any kind. */
export type Permit = (plugin: string, what: "provide" | "use" | "wrap" | "watch", kind: string) => boolean;

/** A call, as far as asking for permission goes. */
interface Asking {
  readonly action: AnyAction;
  readonly parent: Asking | undefined;
}

/** Asks before a plugin gets at something; nobody asks in a kernel that permits everything. */
export interface Permission {
  /** Throws `plugin.not_granted` when it may not. */
  check(plugin: string, what: Parameters<Permit>[1], kind: string): void;
  /** Remembers that calls of an action act for a plugin. */
  belongs(thing: object, plugin: string): void;
  /** Throws when the plugin that a call acts for may not use the kind. */
  checkUse(call: Asking, kind: string): void;
}

export function createPermission(permit: Permit): Permission {
  const owners = new WeakMap<object, string>();
  const permission: Permission = {
    check(plugin, what, kind) {
      if (!permit(plugin, what, kind)) throw fail("plugin.not_granted", { name: plugin, what: `${what} ${kind}` });
    },
    belongs(thing, plugin) {
      if (!owners.has(thing)) owners.set(thing, plugin);
    },
    checkUse(call, kind) {
      // An action that nobody brought acts for whoever called it.
      for (let asking: Asking | undefined = call; asking !== undefined; asking = asking.parent) {
        const { action } = asking;
        const owner = action.kind === "receiver" ? action.name : owners.get(action);
        if (owner !== undefined) return permission.check(owner, "use", kind);
      }
    },
  };
  return permission;
}
