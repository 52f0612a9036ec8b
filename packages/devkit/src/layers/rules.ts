/** What one package may use of the others. Names are without `@mofa/`; `*` stands for any. */
export interface Layer {
  /** Packages it may name in `dependencies`. */
  readonly dependsOn: readonly string[];
  /** Packages it may name as optional peers. */
  readonly optionalPeers: readonly string[];
  /** Entries its sources may import; its tests may import the kernel's entries and whatever it depends on. */
  readonly imports: readonly string[];
}

const features = ["agents", "gateway", "observability", "persistence", "plugins-llm", "runtime", "script", "workflow"];

const kernel: Layer = { dependsOn: [], optionalPeers: [], imports: [] };

// Features are leaves around the kernel: they meet through kinds, never through imports.
const feature: Layer = { dependsOn: ["kernel"], optionalPeers: [], imports: ["kernel"] };

// What runs plugins may also make kernels: a process for isolated agents holds one of its own.
const runtime: Layer = { dependsOn: ["kernel"], optionalPeers: [], imports: ["kernel", "kernel/host"] };

// The one exception among packages: `mofa.agent(…)` belongs to the first five minutes, so agents come with the facade.
const sdk: Layer = {
  dependsOn: ["kernel", "agents"],
  optionalPeers: features.filter((name) => name !== "agents"),
  imports: ["kernel", "kernel/host", ...features, "plugins-llm/rehearsal", "persistence/*"],
};

const cli: Layer = { dependsOn: ["*"], optionalPeers: [], imports: ["kernel", "kernel/host", "sdk", "sdk/*"] };
const example: Layer = { dependsOn: ["*"], optionalPeers: [], imports: ["kernel", "sdk", "sdk/*"] };
const bench: Layer = { dependsOn: ["*"], optionalPeers: [], imports: ["*"] };
const devkit: Layer = { dependsOn: [], optionalPeers: [], imports: [] };

/** The layer of a package, by its folder. A new folder under packages/ is a feature. */
export function layerOf(folder: string): Layer {
  if (folder === "packages/kernel") return kernel;
  if (folder === "packages/sdk") return sdk;
  if (folder === "packages/runtime") return runtime;
  if (folder === "packages/devkit") return devkit;
  if (folder === "apps/bench") return bench;
  if (folder.startsWith("apps/")) return cli;
  return folder.startsWith("examples/") ? example : feature;
}

/** Says whether a name is in a list that may hold `*` and `name/*`. */
export function allows(list: readonly string[], name: string): boolean {
  return list.some(
    (each) => each === "*" || each === name || (each.endsWith("/*") && name.startsWith(each.slice(0, -1))),
  );
}
