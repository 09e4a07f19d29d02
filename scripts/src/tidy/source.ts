/** A source file as the checks see it: text, lines, syntax tree, imports. */
import ts from '@typescript/typescript6';

/** What one file takes from another module. */
export interface Import {
  /** As written: `./arp.ts`, `@skep/wire`, `node:fs`. */
  readonly from: string;
  readonly line: number;
  readonly isTypeOnly: boolean;
  readonly nameCount: number;
}

/** One parsed TypeScript file of a part's `src`. */
export interface Source {
  /** Relative to the project's folder, with `/`. */
  readonly path: string;
  readonly lines: readonly string[];
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

/** Parses the text of one file; syntax errors are tsc's to report, not ours. */
export function parseSource(path: string, text: string): Source {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return { path, lines: text.split('\n'), tree, imports: importsOf(tree) };
}

/** Line of a node's first token, from 1. */
export function lineOf(node: ts.Node): number {
  const { tree, position } = { tree: node.getSourceFile(), position: node.getStart() };
  return tree.getLineAndCharacterOfPosition(position).line + 1;
}

/** Line of a node's last character, from 1. */
export function lastLineOf(node: ts.Node): number {
  return node.getSourceFile().getLineAndCharacterOfPosition(node.getEnd()).line + 1;
}

/** Calls `see` for the node and everything below it, parents first. */
export function walk(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => walk(child, see));
}

/** Whether a path is a test's: `x.test.ts`. */
export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.endsWith('.type-test.ts');
}

function importsOf(tree: ts.SourceFile): Import[] {
  const imports: Import[] = [];
  walk(tree, (node) => {
    const found = importOf(node);
    if (found) imports.push({ ...found, line: lineOf(node) });
  });
  return imports;
}

function importOf(node: ts.Node): Omit<Import, 'line'> | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const bindings = node.importClause?.namedBindings;
    const nameCount = bindings && ts.isNamedImports(bindings) ? bindings.elements.length : 1;
    const isTypeOnly = node.importClause?.isTypeOnly ?? false;
    return { from: node.moduleSpecifier.text, isTypeOnly, nameCount };
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    const from = (node.moduleSpecifier as ts.StringLiteral).text;
    return { from, isTypeOnly: node.isTypeOnly, nameCount: 1 };
  }
  const from = dynamicImport(node);
  return from === undefined ? undefined : { from, isTypeOnly: false, nameCount: 1 };
}

/** `import('./x.ts')`, `import.meta.resolve('x')` and `new URL('./x.js', import.meta.url)`. */
function dynamicImport(node: ts.Node): string | undefined {
  const isImport =
    ts.isCallExpression(node) &&
    (node.expression.kind === ts.SyntaxKind.ImportKeyword ||
      node.expression.getText() === 'import.meta.resolve');
  const isUrl = ts.isNewExpression(node) && node.expression.getText() === 'URL';
  if (!isImport && !isUrl) return undefined;
  const [first, second] = node.arguments ?? [];
  if (!first || !ts.isStringLiteral(first)) return undefined;
  if (!isUrl) return first.text;
  const isModule = second?.getText() === 'import.meta.url' && /\.(js|ts)$/.test(first.text);
  return isModule ? first.text.replace(/\.js$/, '.ts') : undefined;
}
