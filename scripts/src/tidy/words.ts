/** Words: one meaning each, and none of those that promise what no one will keep. */
import ts from '@typescript/typescript6';
import type { Finding } from './finding.ts';
import { type Synonym, synonymIn } from './glossary.ts';
import { lineOf, type Source, walk } from './source.ts';

const bannedTexts = [
  { pattern: /\bkeep\b.{0,20}\bin\s+sync\b/i, expected: 'one definition, read by all' },
  {
    pattern: /\b(TO(?:DO)|FIX(?:ME)|XX(?:X)|HA(?:CK))\b(?!.*#\d)/,
    expected: 'an issue number (#12), or the work done',
  },
];

/** Banned phrases anywhere in the file, and glossary synonyms in the names that it declares. */
export function checkWords(source: Source, synonyms: readonly Synonym[]): Finding[] {
  return [...bannedPhrases(source), ...refusedNames(source, synonyms)];
}

function bannedPhrases({ path, lines }: Source): Finding[] {
  const findings: Finding[] = [];
  for (const [index, text] of lines.entries()) {
    for (const { pattern, expected } of bannedTexts) {
      const match = pattern.exec(text);
      if (!match) continue;
      const found = `'${match[0]}'`;
      findings.push({ file: path, line: index + 1, rule: 'banned-words', found, expected });
    }
  }
  return findings;
}

function refusedNames({ path, tree }: Source, synonyms: readonly Synonym[]): Finding[] {
  const findings: Finding[] = [];
  walk(tree, (node) => {
    if (!ts.isIdentifier(node) || !isDeclared(node)) return;
    const synonym = synonymIn(node.text, synonyms);
    if (!synonym) return;
    findings.push({
      file: path,
      line: lineOf(node),
      rule: 'glossary',
      found: `'${synonym.text}' in the name ${node.text}`,
      expected: `'${synonym.use}' (GLOSSARY.md)`,
    });
  });
  return findings;
}

/** Names that we chose; a property of a literal may be another's format (YAML, netlink). */
function isDeclared(name: ts.Identifier): boolean {
  const { parent } = name;
  const isDeclaration =
    ts.isVariableDeclaration(parent) ||
    ts.isFunctionLike(parent) ||
    ts.isParameter(parent) ||
    ts.isClassDeclaration(parent) ||
    ts.isInterfaceDeclaration(parent) ||
    ts.isTypeAliasDeclaration(parent) ||
    ts.isEnumDeclaration(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isPropertySignature(parent);
  return isDeclaration && parent.name === name;
}
