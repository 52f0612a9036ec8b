import ts from "typescript";

/** One public entry of a package: what it is imported as, and its declarations. */
export interface Entry {
  readonly name: string;
  readonly file: string;
}

/** Describes entries by what they export: one text for each, the same for the same declarations. */
export function describe(entries: readonly Entry[]): ReadonlyMap<Entry, string> {
  const program = ts.createProgram({
    rootNames: entries.map(({ file }) => file),
    options: {
      target: ts.ScriptTarget.ES2024,
      module: ts.ModuleKind.NodeNext,
      types: ["node"],
      noEmit: true,
      skipLibCheck: true,
      customConditions: [],
    },
  });
  return new Map(entries.map((entry) => [entry, toText(entry, program)]));
}

function toText({ name, file }: Entry, program: ts.Program): string {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  if (source === undefined) throw new Error(`${file} is missing: run "npm run setup", which builds it.`);
  const module = checker.getSymbolAtLocation(source);
  const exported = module === undefined ? [] : checker.getExportsOfModule(module);
  const blocks = exported
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((symbol) => toBlock(symbol, checker, file));
  const body = blocks.length === 0 ? "Nothing yet.\n" : `\`\`\`ts\n${blocks.join("\n\n")}\n\`\`\`\n`;
  return `# ${name}\n\nMade by \`pnpm api\` from the built declarations: do not edit.\n\n${body}`;
}

function toBlock(symbol: ts.Symbol, checker: ts.TypeChecker, entry: string): string {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const texts = (target.declarations ?? []).flatMap((each) => toDeclaration(each, entry));
  const renamed = target.name === symbol.name ? [] : [`// exported as ${symbol.name}`];
  return [...renamed, ...new Set(texts)].join("\n");
}

const printer = ts.createPrinter({ removeComments: true });

function toDeclaration(declaration: ts.Declaration, entry: string): readonly string[] {
  const file = declaration.getSourceFile();
  const home = packageOf(file.fileName);
  // What another package declares is told by its own report.
  if (home !== packageOf(entry)) return [`// ${ts.getNameOfDeclaration(declaration)?.getText(file) ?? "*"} of ${home}`];
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return [printer.printNode(ts.EmitHint.Unspecified, statement, file)];
}

// Links of the workspace are followed to packages/NAME; everything else is under a node_modules.
function packageOf(file: string): string {
  const installed = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
  return installed ?? `@mofa/${/\/packages\/([^/]+)\/dist\//.exec(file)?.[1]}`;
}
