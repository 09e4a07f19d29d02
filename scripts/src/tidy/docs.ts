/** Doc comments: what a file exports, it explains. */
import ts from '@typescript/typescript6';
import type { Finding } from './finding.ts';
import { isTest, lineOf, type Source } from './source.ts';

/** Exports without a doc comment. Re-exports are explained where they are declared. */
export function checkDocs(source: Source): Finding[] {
  if (isTest(source.path)) return [];
  const seen = new Set<string>();
  const findings: Finding[] = [];
  for (const statement of source.tree.statements) {
    if (!isExported(statement)) continue;
    const name = nameOf(statement);
    const isFirst = !seen.has(name);
    seen.add(name);
    // A type and its value of the same name, and overloads, share the first one's comment.
    if (!isFirst || ts.getJSDocCommentsAndTags(statement).length > 0) continue;
    findings.push({
      file: source.path,
      line: lineOf(statement),
      rule: 'export-doc',
      found: `export ${name} without a doc comment`,
      expected: 'one sentence or more above it',
    });
  }
  return findings;
}

function isExported(statement: ts.Statement): boolean {
  if (!ts.canHaveModifiers(statement)) return false;
  const modifiers = ts.getModifiers(statement) ?? [];
  return modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword);
}

function nameOf(statement: ts.Statement): string {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((one) => one.name.getText()).join(', ');
  }
  const { name } = statement as ts.DeclarationStatement;
  return name?.getText() ?? 'default';
}
