/** docs/internals/limits.md: every bound, and what happens at it. */
import * as contract from '@skep/contract';
import ts from '@typescript/typescript6';
import { parseSource } from '../tidy/source.ts';
import { generatedFrom, markdownTable } from './table.ts';

/** The file of the contract that holds the bounds, with a doc comment on each. */
export const limitsSource = 'packages/contract/src/limits.ts';

/** The page, made of the text of `limitsSource` and of the values that the built contract has. */
export function limitsPage(text: string): string {
  const rows: string[][] = [];
  for (const statement of parseSource(limitsSource, text).tree.statements) {
    const sentence = commentOf(statement);
    if (ts.isVariableStatement(statement)) {
      const name = statement.declarationList.declarations[0]?.name.getText() ?? '';
      rows.push([`\`${name}\``, valueOfExport(name), sentence]);
    } else if (ts.isEnumDeclaration(statement)) {
      const name = statement.name.text;
      for (const member of statement.members) {
        const path = `${name}.${member.name.getText()}`;
        rows.push([
          `\`${path}\``,
          numberText(Number(member.initializer?.getText().replaceAll('_', ''))),
          sentence,
        ]);
      }
    }
  }
  return `${generatedFrom(limitsSource)}# Limits

Every table that a packet can create an entry in has a bound, and a behaviour at the bound. None of
them lets a packet pass that policy did not allow. The bounds stand in \`${limitsSource}\`.

${markdownTable(['bound', 'value', 'what it bounds, and what happens there'], rows)}`;
}

function commentOf(statement: ts.Statement): string {
  const [comment] = ts.getJSDocCommentsAndTags(statement);
  const text = comment?.comment;
  return (typeof text === 'string' ? text : (ts.getTextOfJSDocComment(text) ?? '')).replace(
    /\s+/g,
    ' ',
  );
}

function valueOfExport(name: string): string {
  const value = (contract as Readonly<Record<string, unknown>>)[name];
  if (typeof value !== 'number')
    throw new Error(`limit ${name}: found ${typeof value}, expected number`);
  return numberText(value);
}

function numberText(value: number): string {
  return value.toLocaleString('en-US');
}
