import { type Check, type Issue, type JsonObject, type NodeKind, nearest, toCheck } from "@mofa/kernel";
import type { KindsByName } from "./check.ts";
import { type GraphDefinition, type NodeDefinition, type StepDefinition, toEdge } from "./definition.ts";
import { walkGraphs } from "./definition-walk.ts";
import type { Path, Problem } from "./problem.ts";
import { hasReference, relaxed } from "./relax.ts";
import { readPath } from "./template.ts";

/** Checks that the node kinds are there, take what they are given, and can have the outcomes that `after` names. */
export function checkKinds(definition: GraphDefinition, kinds: KindsByName): readonly Problem[] {
  const problems: Problem[] = [];
  // A schema is made ready once, however many nodes there are.
  const known: Known = { kinds, checks: new Map() };
  for (const [{ nodes }, at] of walkGraphs(definition)) {
    for (const [index, node] of nodes.entries()) {
      const place = [...at, "nodes", index];
      problems.push(...checkStep(node, place, known), ...checkInner(node, place, kinds));
      problems.push(...checkCompensation(node, place, known));
    }
    problems.push(...checkOutcomes(nodes, at, kinds));
  }
  return problems;
}

/** The outcomes of a node beside failure; undefined when they are not known before it runs. */
export function outcomesOf(kind: NodeKind, settings: JsonObject = {}): readonly string[] | undefined {
  if (kind.outcomesOf === undefined) return ["done", ...(kind.outcomes ?? [])];
  const declared = kind.outcomesOf(settings);
  return declared === undefined ? undefined : [...new Set(["done", ...declared])];
}

/** Checks that nodes have nodes inside where their kinds want that, as far as these are known. */
export function checkInners(definition: GraphDefinition, kinds: KindsByName): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [{ nodes }, at] of walkGraphs(definition)) {
    for (const [index, node] of nodes.entries()) {
      if (kinds.has(node.use)) problems.push(...checkInner(node, [...at, "nodes", index], kinds));
    }
  }
  return problems;
}

function checkInner(node: NodeDefinition, at: Path, kinds: KindsByName): readonly Problem[] {
  const kind = kinds.get(node.use);
  if (kind === undefined) return [];
  const problems: Problem[] = [];
  for (const field of ["body", "branches"] as const) {
    if (node[field] !== undefined && kind.bodies !== field)
      problems.push({ at: [...at, field], key: true, message: `a node of the kind "${node.use}" has no ${field}` });
    if (node[field] === undefined && kind.bodies === field) problems.push({ at, message: `"${field}" is missing` });
  }
  if (node.queue !== undefined && kind.bodies !== undefined)
    problems.push({
      at: [...at, "queue"],
      key: true,
      message: `a "${node.use}" cannot be queued. Queue the nodes inside`,
    });
  return problems;
}

interface Known {
  readonly kinds: KindsByName;
  readonly checks: Map<NodeKind, Checks | undefined>;
}

/** What settings are checked with: as they are, and as if each reference in them were good. */
interface Checks {
  readonly strict: Check;
  readonly loose: Check;
}

function checkStep(step: StepDefinition, at: Path, known: Known): readonly Problem[] {
  const { kinds } = known;
  const kind = kinds.get(step.use);
  if (kind !== undefined) return checkSettings(kind, step.with ?? {}, { at: [...at, "with"], known });
  const near = nearest(step.use, kinds.keys());
  const hint = near === undefined ? `Known: ${[...kinds.keys()].join(", ")}.` : `Did you mean "${near}"?`;
  return [{ at: [...at, "use"], message: `unknown node kind "${step.use}". ${hint}` }];
}

function checkCompensation({ compensate }: NodeDefinition, at: Path, known: Known): readonly Problem[] {
  if (compensate === undefined) return [];
  const place = [...at, "compensate"];
  if (known.kinds.get(compensate.use)?.bodies === undefined) return checkStep(compensate, place, known);
  const message = `a "${compensate.use}" has nodes inside, which "compensate" cannot have. Use a workflow.`;
  return [{ at: [...place, "use"], message }];
}

function checkSettings(kind: NodeKind, settings: JsonObject, { at, known }: SettingsPlace): readonly Problem[] {
  const found = findIssues(checksOf(kind, known), settings);
  const issues = found.length > 0 ? found : (kind.check?.(settings) ?? []);
  return issues.map(({ path, message }) => {
    const keys = [...at, ...keysOf(path)];
    return { at: keys, message, ...(message === "is not allowed" && { key: true }) };
  });
}

interface SettingsPlace {
  readonly at: Path;
  readonly known: Known;
}

function checksOf(kind: NodeKind, { checks }: Known): Checks | undefined {
  if (checks.has(kind)) return checks.get(kind);
  const loose = kind.input === undefined ? undefined : relaxed(kind.input);
  const made =
    kind.input === undefined || loose === undefined
      ? undefined
      : { strict: toCheck(kind.input), loose: toCheck(loose) };
  checks.set(kind, made);
  return made;
}

/** What is wrong with settings whatever their references will stand for. */
function findIssues(checks: Checks | undefined, settings: JsonObject): readonly Issue[] {
  if (checks === undefined) return [];
  const found = issuesOf(checks.loose, settings);
  if (found.length === 0) return [];
  // The strict schema says it better; of what it says, references may be the reason.
  const better = issuesOf(checks.strict, settings).filter(({ path }) => !hasReference(valueAt(settings, path)));
  return better.length > 0 ? better : found;
}

function issuesOf(check: Check, settings: JsonObject): readonly Issue[] {
  const checked = check(settings);
  return "issues" in checked ? checked.issues : [];
}

function keysOf(path: string): readonly (string | number)[] {
  return path === "" ? [] : readPath(path.startsWith("[") ? path : `.${path}`);
}

function valueAt(settings: JsonObject, path: string): unknown {
  let here: unknown = settings;
  for (const key of keysOf(path)) {
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Readonly<Record<string | number, unknown>>)[key];
  }
  return path === "" ? undefined : here;
}

function checkOutcomes(nodes: readonly NodeDefinition[], at: Path, kinds: KindsByName): readonly Problem[] {
  const outcomes = new Map(
    nodes.map((node) => {
      const kind = kinds.get(node.use);
      return [node.id, kind === undefined ? undefined : outcomesOf(kind, node.with)];
    }),
  );
  return nodes.flatMap(({ after = [] }, index) =>
    after.flatMap((text, number): Problem[] => {
      const { from, outcome } = toEdge(text);
      const known = outcomes.get(from);
      if (outcome === undefined || known === undefined || outcome === "failed" || known.includes(outcome)) return [];
      const message = `"${from}" never ends with "${outcome}". Its outcomes: ${[...known, "failed"].join(", ")}.`;
      return [{ at: [...at, "nodes", index, "after", number], message }];
    }),
  );
}
