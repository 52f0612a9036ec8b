// What plugins may do, by what their manifests declare.
//
// 1. A plugin with a manifest may do what the manifest lists, and nothing else.
// 2. While a version is being put in place, both its permissions and those of the one before it count: the one before
//    still works.
// 3. A plugin without a manifest may do everything, or nothing, as `unlisted` says.

export type PermitAsk = "provide" | "use" | "wrap" | "watch";

export interface PermitsOptions {
  /** What plugins without a manifest may do. Default: everything. */
  readonly unlisted?: "everything" | "nothing";
}

/** Permissions that follow the manifests. */
export interface Permits {
  /** For the kernel: whether a plugin may do this with a kind. */
  permit(plugin: string, what: PermitAsk, kind: string): boolean;
  /** Adds what a version declares. Settle it when the version is in place (true) or was refused (false). */
  declare(plugin: string, permissions: readonly string[]): (accepted: boolean) => void;
  /** Forgets a plugin that is gone. */
  forget(plugin: string): void;
}

/**
 * Makes permissions that plugin folders fill from manifests. They bind what goes through the kernel: code in this
 * process is not sandboxed, so for it they are an honest declaration that is held to, no wall.
 */
export function createPermits({ unlisted = "everything" }: PermitsOptions = {}): Permits {
  const lists = new Map<string, readonly (readonly string[])[]>();
  return {
    permit(plugin, what, kind) {
      const versions = lists.get(plugin);
      if (versions === undefined) return unlisted === "everything";
      return versions.some((list) => list.includes(`${what}:${kind}`) || list.includes(`${what}:*`));
    },
    declare(plugin, permissions) {
      const before = lists.get(plugin);
      const list = [...permissions];
      lists.set(plugin, [...(before ?? []), list]);
      return (accepted) => {
        if (accepted) lists.set(plugin, [list]);
        else if (before === undefined) lists.delete(plugin);
        else lists.set(plugin, before);
      };
    },
    forget: (plugin) => void lists.delete(plugin),
  };
}
