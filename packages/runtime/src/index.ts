/** The process around a kernel. */
export * from "./builder/index.ts";
export { type DataFileOptions, readDataFile } from "./config/data-file.ts";
export type { Environment } from "./config/environment.ts";
export { type Config, type LoadConfigOptions, loadConfig } from "./config/load-config.ts";
export type { Explanation, Origin } from "./config/origins.ts";
export { type AgentFolderOptions, agentFolder, type BoundedAgent } from "./discovery/agent-folder.ts";
export {
  type Discovered,
  discover,
  type FoundPart,
  type FoundProblem,
  type ProjectFolder,
} from "./discovery/discover.ts";
export { fail } from "./errors.ts";
export type { HotUnitInfo } from "./folder/hot-units.ts";
export * from "./health/index.ts";
export { type IsolatedOptions, type Isolation, isolated } from "./isolation/isolated.ts";
export { type PinoLog, type PinoLogOptions, pinoLog } from "./log/pino-log.ts";
export * from "./loop/index.ts";
export type { Namespace } from "./modules/hot-modules.ts";
export { digestOf } from "./plugins/digest.ts";
export { MANIFEST, manifestJsonSchema, type PluginManifest, parseManifest } from "./plugins/manifest.ts";
export { createPermits, type PermitAsk, type Permits, type PermitsOptions } from "./plugins/permits.ts";
export { type PluginFolder, type PluginFolderOptions, pluginFolder } from "./plugins/plugin-folder.ts";
export {
  createSigningKeys,
  type KeyPair,
  type SignOptions,
  signPlugin,
  type Trust,
  type Verified,
  verifyPlugin,
  writeDigest,
} from "./plugins/signature.ts";
export { type RetentionOptions, type RetentionRule, retention } from "./retention/retention.ts";
export { type SchedulesOptions, schedules } from "./schedules/schedules.ts";
export { checkSchedule } from "./schedules/times.ts";
export { secret } from "./secrets/secret.ts";
export { hideVariables } from "./secrets/secret-variables.ts";
export * from "./signals/index.ts";
