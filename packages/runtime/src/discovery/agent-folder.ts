// A folder of agents that a kernel follows: descriptions (`*.yaml`, `*.json`, `*.toml`), and modules that export
// `agent`.
//
// 1. A new version of an agent is on the shelf before the one before it is taken off, which finishes what it took in.
// 2. A file that is wrong changes nothing: the agent before goes on, and the log names the place.
// 3. One folder, one plugin: ending it takes back all of its agents, and their budgets.
// 4. What an agent has used of its budget counts on in its next version, unless that one has another budget.
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import type { Agent, Clock, Plugin, PluginContext, Schema, SchemaOutput, Secrets } from "@mofa/kernel";
import * as kernelModule from "@mofa/kernel";
import { readDataFile } from "../config/data-file.ts";
import type { Environment } from "../config/environment.ts";
import { fail } from "../errors.ts";
import { createHotUnits, type HotUnit, type LoadedUnit } from "../folder/hot-units.ts";
import { type FoundFile, isGone, type Listing, listFolder, marksOf, readFiles } from "../folder/list.ts";
import type { Namespace } from "../modules/hot-modules.ts";
import { brokenCandidate, type Candidate, isModule, moduleCandidate } from "../plugins/candidates.ts";
import { evaluateWithin } from "../plugins/evaluate-within.ts";
import { type AgentShelf, type BoundedAgent, createAgentShelf } from "./agent-shelf.ts";

export type { BoundedAgent } from "./agent-shelf.ts";

export interface AgentFolderOptions<S extends Schema> {
  readonly folder: string;
  /** What a description may say. */
  readonly schema: S;
  /** Makes an agent of a description, and says what it may use up. */
  make(definition: SchemaOutput<S>): Agent | BoundedAgent;
  readonly env: Environment;
  /** Where the values of variables that look like secrets are kept, to be hidden. */
  readonly secrets?: Secrets;
  /** What the folder is called among the kernel's plugins. Default `agent-folder`. */
  readonly name?: string;
  /** Packages that modules get as they are, by specifier; `@mofa/kernel` is always among them. */
  readonly shared?: Readonly<Record<string, Namespace>>;
  /** Milliseconds without a change before it is looked at. Default 100. */
  readonly debounce?: number;
  /** Default: the kernel's clock. */
  readonly clock?: Clock;
}

const DESCRIPTION = /\.(?:ya?ml|json|toml)$/u;
const TIMEOUT = 10_000;

/** Brings the agents of a folder, and follows it. At the start every file must be right; later a wrong one is told. */
export function agentFolder<S extends Schema>(options: AgentFolderOptions<S>): Plugin {
  const folder = resolve(options.folder);
  return {
    name: options.name ?? "agent-folder",
    version: "0.1.0",
    async setup(ctx) {
      const clock = options.clock ?? ctx.clock;
      const shelf = createAgentShelf(ctx);
      const units = createHotUnits({
        what: "agent",
        clock,
        log: ctx.log,
        debounce: options.debounce,
        emit: ctx.emit,
        find: () => findAgents({ ...options, folder, clock, shelf }, ctx),
      });
      ctx.own(units);
      await units.look();
      for (const failure of units.failures()) throw failure;
    },
  };
}

interface Finding<S extends Schema> extends AgentFolderOptions<S> {
  readonly clock: Clock;
  readonly shelf: AgentShelf;
}

async function findAgents<S extends Schema>(options: Finding<S>, ctx: PluginContext) {
  const { folder, clock, shelf } = options;
  const place = { clock, shelf };
  const { files, folders, refused } = await listOrNothing(folder);
  const shared = { "@mofa/kernel": kernelModule as unknown as Namespace, ...options.shared };
  const library = { library: files, mark: marksOf(files.values()) };
  const units: HotUnit[] = [...refused].map(([path, reason]) =>
    moduleUnit(brokenCandidate(path, join(folder, path), reason), ctx, place),
  );
  for (const found of files.values()) {
    if (found.path.includes("/")) continue;
    if (DESCRIPTION.test(found.path)) units.push(descriptionUnit(found, options));
    else if (isModule(found.path)) {
      const candidate = moduleCandidate(found.path, library, { folder, shared, trust: {}, before: () => undefined });
      units.push(moduleUnit(candidate, ctx, place));
    }
  }
  return { units, folders };
}

/** A project need not have such a folder; one that comes later is seen. */
async function listOrNothing(folder: string): Promise<Listing> {
  try {
    return await listFolder(folder);
  } catch (error) {
    if (!isGone((error as Error).cause)) throw error;
    return { files: new Map(), folders: [folder], refused: new Map() };
  }
}

function descriptionUnit<S extends Schema>(found: FoundFile, options: Finding<S>): HotUnit {
  const { folder, schema, env, secrets, make, shelf } = options;
  const path = join(folder, found.path);
  return {
    id: found.path,
    path,
    mark: found.mark,
    async prepare() {
      const bytes = (await readFiles([found]))?.get(found.path);
      if (bytes === undefined) return undefined;
      const digest = createHash("sha256").update(bytes).digest("base64");
      const read = () => readDataFile(path, { schema, env, ...(secrets === undefined ? {} : { secrets }) });
      return { digest, load: async () => placeable(shelf, make(await read())) };
    },
  };
}

function moduleUnit(
  candidate: Candidate,
  ctx: PluginContext,
  { clock, shelf }: Pick<Finding<Schema>, "clock" | "shelf">,
): HotUnit {
  const { path: file } = candidate;
  return {
    ...candidate,
    async prepare() {
      const read = await candidate.read();
      if (read === undefined) return undefined;
      const evaluate = () => evaluateWithin({ clock, ms: TIMEOUT, file, signal: ctx.signal }, read.modules.evaluate);
      return { digest: read.digest, load: async () => placeable(shelf, toAgent(file, (await evaluate())["agent"])) };
    },
  };
}

function toAgent(file: string, exported: unknown): Agent {
  const { kind, name, run } = (exported ?? {}) as Partial<Agent>;
  if (kind === "agent" && typeof name === "string" && typeof run === "function") return exported as Agent;
  const problem = exported === undefined ? "it is missing" : "it has no kind, name and function run of an agent";
  throw fail("module.wrong_export", {
    file,
    name: "agent",
    problem,
    example: 'export const agent = { kind: "agent", name: "ann", run: (input, call) => … };',
  });
}

function placeable(shelf: AgentShelf, made: Agent | BoundedAgent): LoadedUnit {
  const bounded = "agent" in made ? made : { agent: made };
  return { name: bounded.agent.name, place: (before) => shelf.place(bounded, before) };
}
