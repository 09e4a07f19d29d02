/** Sizes: what fits on a screen is read; what does not is skipped. */
import ts from '@typescript/typescript6';
import type { Finding } from './finding.ts';
import { lastLineOf, lineOf, type Source, walk } from './source.ts';

const columnsMax = 100;
const functionLinesMax = 70;
const fileLinesWarn = 400;
const fileLinesMax = 800;
const importedNamesMax = 15;

/** A function that must be longer says so: in the line above it or in its first lines. */
const longFunction = /\/\/ tidy: long: \S/;
/** A file that is one table says so in its first line. */
const tableFile = /^\/\/ tidy: table: \S/;

/** Lines, functions, files and imports that are too long. */
export function checkSizes(source: Source): Finding[] {
  return [
    ...longLines(source),
    ...longFunctions(source),
    ...longFile(source),
    ...wideImports(source),
  ];
}

function longLines({ path, lines }: Source): Finding[] {
  const findings: Finding[] = [];
  for (const [index, text] of lines.entries()) {
    // A link cannot be broken.
    if (text.length <= columnsMax || /https?:\/\/\S+$/.test(text)) continue;
    findings.push({
      file: path,
      line: index + 1,
      rule: 'line-length',
      found: `${text.length} columns`,
      expected: `at most ${columnsMax}`,
    });
  }
  return findings;
}

function longFunctions({ path, lines, tree }: Source): Finding[] {
  const findings: Finding[] = [];
  walk(tree, (node) => {
    if (!ts.isFunctionLike(node) || isSuite(node)) return;
    const first = lineOf(node);
    const length = lastLineOf(node) - first + 1;
    if (length <= functionLinesMax) return;
    if (lines.slice(Math.max(first - 2, 0), first + 2).some((line) => longFunction.test(line)))
      return;
    const expected = `at most ${functionLinesMax} (or a line '// tidy: long: REASON')`;
    findings.push({
      file: path,
      line: first,
      rule: 'function-length',
      found: `${length} lines`,
      expected,
    });
  });
  return findings;
}

/** The function given to `describe` is a chapter, not a function. */
function isSuite(node: ts.Node): boolean {
  const call = node.parent;
  return ts.isCallExpression(call) && /^(describe|suite)\b/.test(call.expression.getText());
}

function longFile({ path, lines }: Source): Finding[] {
  if (lines.length <= fileLinesWarn || tableFile.test(lines[0] ?? '')) return [];
  const isWarning = lines.length <= fileLinesMax;
  const expected = `at most ${isWarning ? fileLinesWarn : fileLinesMax}`;
  const found = `${lines.length} lines`;
  return [{ file: path, line: 0, rule: 'file-length', found, expected, isWarning }];
}

function wideImports({ path, imports }: Source): Finding[] {
  const wide = imports.filter((one) => one.nameCount > importedNamesMax);
  return wide.map(({ from, line, nameCount }) => ({
    file: path,
    line,
    rule: 'import-width',
    found: `${nameCount} names from ${from}`,
    expected: `at most ${importedNamesMax}`,
  }));
}
