import ts from "typescript";

/** One import of a file. */
export interface Import {
  readonly from: string;
  /** Erased when the program runs, so it cannot be part of a cycle. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** Something a file does that a rule may refuse. */
export interface Habit {
  readonly what: "throws a bare Error" | "uses console" | "has a default export";
  readonly line: number;
}

/** What the layers check wants to know of a file. */
export interface Source {
  readonly imports: readonly Import[];
  readonly habits: readonly Habit[];
  readonly lines: number;
}

/** Reads the imports and habits of a TypeScript file. */
export function readSource(path: string, text: string): Source {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext);
  const imports: Import[] = [];
  const habits: Habit[] = [];
  const line = (node: ts.Node) => file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
  const visit = (node: ts.Node): void => {
    const imported = toImport(node);
    if (imported !== undefined) imports.push({ ...imported, line: line(node) });
    const what = toHabit(node);
    if (what !== undefined) habits.push({ what, line: line(node) });
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { imports, habits, lines: text.split("\n").length - 1 };
}

function toImport(node: ts.Node): Omit<Import, "line"> | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier))
    return { from: node.moduleSpecifier.text, typeOnly: node.importClause?.isTypeOnly === true };
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier))
    return { from: node.moduleSpecifier.text, typeOnly: node.isTypeOnly };
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal))
    return { from: node.argument.literal.text, typeOnly: true };
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const from = node.arguments[0];
    // A dynamic import loads later, when every file is there: for cycles it counts as little as a type does.
    if (from !== undefined && ts.isStringLiteral(from)) return { from: from.text, typeOnly: true };
  }
  return undefined;
}

function toHabit(node: ts.Node): Habit["what"] | undefined {
  if (ts.isThrowStatement(node) && ts.isNewExpression(node.expression) && isNamed(node.expression.expression, "Error"))
    return "throws a bare Error";
  if (ts.isPropertyAccessExpression(node) && isNamed(node.expression, "console")) return "uses console";
  if (ts.isExportAssignment(node)) return "has a default export";
  const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];
  return modifiers.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) ? "has a default export" : undefined;
}

function isNamed(node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name;
}
