import type { Package } from "../workspace.ts";
import { allows, layerOf } from "./rules.ts";

/** Says what is wrong with the `@mofa` packages that a manifest names. */
export function checkManifest({ folder, manifest }: Package): readonly string[] {
  const layer = layerOf(folder);
  const file = `${folder}/package.json`;
  const problems: string[] = [];
  for (const name of mofa(manifest.dependencies))
    if (!allows(layer.dependsOn, name)) problems.push(`${file}: may not depend on @mofa/${name}.`);
  for (const name of mofa(manifest.optionalDependencies))
    problems.push(`${file}: @mofa/${name} belongs in dependencies or peerDependencies.`);
  for (const name of mofa(manifest.peerDependencies)) {
    if (!allows(layer.optionalPeers, name)) problems.push(`${file}: may not have @mofa/${name} as a peer.`);
    if (manifest.peerDependenciesMeta?.[`@mofa/${name}`]?.optional !== true)
      problems.push(`${file}: the peer @mofa/${name} must be optional.`);
  }
  for (const name of mofa(manifest.devDependencies))
    if (name !== "devkit" && !allows(layer.optionalPeers, name))
      problems.push(`${file}: may not have @mofa/${name} as a development dependency.`);
  return problems;
}

function mofa(dependencies: Readonly<Record<string, string>> = {}): readonly string[] {
  return Object.keys(dependencies)
    .filter((name) => name.startsWith("@mofa/"))
    .map((name) => name.slice("@mofa/".length));
}
