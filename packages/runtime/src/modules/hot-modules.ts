// Loads modules that are meant to be replaced: from texts in memory, into functions that the collector can take.
//
// 1. What runs is the text that was given, never read again from the disk.
// 2. Each load makes instances of its own of every file; nothing of them is kept here.
// 3. Packages are the real ones, shared with everybody: first those that were handed in, then what Node finds from the
//    file's place.
// 4. A file is evaluated after all that it imports; a circle is refused.
import { isBuiltin } from "node:module";
import { extname, join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import { constants, Script } from "node:vm";
import { nearest, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { type CompiledModule, compileModule, type ImportCall, parseJson } from "./compile.ts";

export type Namespace = Readonly<Record<string, unknown>>;

export interface HotModules {
  /** The files that the entry imports, itself included, in the order in which they are evaluated. */
  readonly files: readonly string[];
  /** Evaluates them and gives what the entry exports. */
  evaluate(): Promise<Namespace>;
}

export interface HotModuleOptions {
  /** The folder that the paths are relative to: for stack traces, and to find packages from there. */
  readonly folder: string;
  /** What a file holds; undefined when there is no such file. Paths are relative, with forward slashes. */
  text(path: string): string | undefined;
  /** Packages given as they are, by specifier. */
  readonly shared?: Readonly<Record<string, Namespace>>;
}

interface Unit {
  readonly path: string;
  readonly file: string;
  readonly compiled: CompiledModule | undefined;
  readonly json: unknown;
  /** The paths of its own kind behind its sources; undefined for packages. */
  readonly paths: readonly (string | undefined)[];
}

/** Reads and compiles an entry and all it imports; nothing is run yet. */
export function readHotModules(entry: string, options: HotModuleOptions): HotModules {
  const units = new Map<string, Unit>();
  const order: string[] = [];
  const queue = [entry];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (!units.has(path)) visit(path, []);
  }

  function visit(path: string, way: readonly string[]): void {
    if (way.includes(path)) throw fail("module.cycle", { cycle: [...way.slice(way.indexOf(path)), path].join(" → ") });
    if (units.has(path)) return;
    const unit = readUnit(path, options);
    for (const next of unit.paths) if (next !== undefined) visit(next, [...way, path]);
    units.set(path, unit);
    order.push(path);
    queue.push(...laterOf(unit, options));
  }

  return { files: order, evaluate: () => new Evaluation(units, options).get(entry) };
}

function readUnit(path: string, options: HotModuleOptions): Unit {
  const text = options.text(path);
  const file = join(options.folder, path);
  if (text === undefined) throw fail("module.not_found", { specifier: path, file: options.folder, hint: "" });
  if (extname(path) === ".json") return { path, file, compiled: undefined, json: parseJson(file, text), paths: [] };
  const compiled = compileModule(file, text);
  const paths = compiled.declarations.sources.map(({ specifier }) => toPath(specifier, path, options));
  return { path, file, compiled, json: undefined, paths };
}

/** The own files that a unit names in `import("…")`: they are part of it, but nobody waits for them. */
function laterOf({ path, compiled }: Unit, options: HotModuleOptions): readonly string[] {
  const paths = compiled?.declarations.later.map(({ specifier }) => toPath(specifier, path, options)) ?? [];
  return paths.filter((found) => found !== undefined);
}

/** The path of an own file that a specifier names; undefined for a package. */
function toPath(specifier: string, from: string, { folder, text }: HotModuleOptions): string | undefined {
  const file = join(folder, from);
  if (!/^\.\.?\//u.test(specifier)) {
    if (!/^[/\\#]|^\.|^(?!node:)[a-z][a-z\d+.-]*:/iu.test(specifier)) return undefined;
    throw fail("module.import_refused", { file, specifier });
  }
  const path = posix.join(posix.dirname(from), specifier);
  if (path.startsWith("../")) throw fail("module.import_refused", { file, specifier });
  // TypeScript lets people write the ending that a compiler would give the file.
  const tries = [path, path.replace(/\.(m?)js$/u, ".$1ts")];
  const found = tries.find((each) => text(each) !== undefined);
  if (found !== undefined) return found;
  const other = [".ts", ".js", ".mjs", "/index.ts", "/index.js"].find((ending) => text(path + ending) !== undefined);
  const hint = other === undefined ? "" : ` Write "${specifier}${other}".`;
  throw fail("module.not_found", { specifier, file, hint });
}

/** One load: every file has one instance in it. */
class Evaluation {
  readonly #units: ReadonlyMap<string, Unit>;
  readonly #options: HotModuleOptions;
  readonly #instances = new Map<string, Promise<Namespace>>();

  constructor(units: ReadonlyMap<string, Unit>, options: HotModuleOptions) {
    this.#units = units;
    this.#options = options;
  }

  get(path: string): Promise<Namespace> {
    let instance = this.#instances.get(path);
    if (instance === undefined) {
      instance = this.#evaluate(this.#units.get(path) as Unit);
      this.#instances.set(path, instance);
    }
    return instance;
  }

  async #evaluate(unit: Unit): Promise<Namespace> {
    const { compiled, file, path, paths } = unit;
    if (compiled === undefined) return Object.freeze({ default: unit.json });
    const { sources } = compiled.declarations;
    const from: Namespace[] = [];
    // One after the other, as they are written: what an import does comes in that order.
    for (const [index, { specifier }] of sources.entries()) {
      const own = paths[index];
      from.push(own === undefined ? await this.#package(specifier, file) : await this.get(own));
    }
    for (const [index, source] of sources.entries()) assertNames(file, source, from[index] as Namespace);
    const namespace: Record<string, unknown> = Object.create(null, { [Symbol.toStringTag]: { value: "Module" } });
    for (const [index, { passes }] of sources.entries()) passOn(namespace, passes, from[index] as Namespace);
    const importCall = async (specifier: string) => {
      const own = toPath(String(specifier), path, this.#options);
      if (own === undefined) return this.#package(String(specifier), file);
      // Only what is written out is known to belong to it, and was checked with it.
      if (!this.#units.has(own))
        throw fail("module.not_found", { specifier, file, hint: ' Write it out: import("…").' });
      return this.get(own);
    };
    const meta = { url: pathToFileURL(file).href, filename: file, dirname: join(file, "..") };
    await run(file, () =>
      compiled.run(Object.assign(importCall, { meta }) as ImportCall, {
        from,
        exports: (getters) => defineAll(namespace, getters),
      }),
    );
    return namespace;
  }

  async #package(specifier: string, file: string): Promise<Namespace> {
    const shared = this.#options.shared ?? {};
    if (Object.hasOwn(shared, specifier)) return shared[specifier] as Namespace;
    if (isBuiltin(specifier)) return (await import(specifier)) as Namespace;
    try {
      return await nodeImport(file, specifier);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException)?.code !== "ERR_MODULE_NOT_FOUND") throw cause;
      const near = nearest(specifier, Object.keys(shared));
      const hint = near === undefined ? " Install it where the file is." : ` Did you mean "${near}"?`;
      throw fail("module.not_found", { specifier, file, hint }, { cause });
    }
  }
}

/** Imports as if the file did it: Node finds packages from the place of who asks. */
function nodeImport(file: string, specifier: string): Promise<Namespace> {
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  const script = new Script("(specifier) => import(specifier)", { filename: file, importModuleDynamically });
  return (script.runInThisContext() as (specifier: string) => Promise<Namespace>)(specifier);
}

async function run(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw fail("module.threw", { file, reason: toErrorJson(cause).message }, { cause });
  }
}

interface Taking {
  readonly specifier: string;
  readonly imports: readonly { readonly name: string }[];
  readonly passes: readonly { readonly name: string }[];
}

function assertNames(file: string, { specifier, imports, passes }: Taking, found: Namespace): void {
  for (const { name } of [...imports, ...passes]) {
    if (name === "*" || name in found) continue;
    throw fail("module.no_export", { file, specifier, name, nearest: nearest(name, Object.keys(found)) });
  }
}

function passOn(
  namespace: Record<string, unknown>,
  passes: readonly { readonly name: string; readonly as: string }[],
  found: Namespace,
): void {
  for (const { name, as } of passes) {
    if (name !== "*") defineAll(namespace, { [as]: () => found[name] });
    else if (as !== "*") defineAll(namespace, { [as]: () => found });
    else {
      const others = Object.keys(found).filter((each) => each !== "default" && !Object.hasOwn(namespace, each));
      defineAll(namespace, Object.fromEntries(others.map((each) => [each, () => found[each]])));
    }
  }
}

function defineAll(namespace: Record<string, unknown>, getters: Readonly<Record<string, () => unknown>>): void {
  for (const [name, get] of Object.entries(getters)) {
    // Configurable: a name of its own goes before one that `export *` passes on.
    Object.defineProperty(namespace, name, { get, enumerable: true, configurable: true });
  }
}
