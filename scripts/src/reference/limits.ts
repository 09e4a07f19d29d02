/** docs/internals/limits.md: every bound, and what happens at it. */
import * as contract from '@skep/contract';
import { tableLimits } from '@skep/datapath';
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

${markdownTable(['bound', 'value', 'what it bounds, and what happens there'], rows)}
## By table

What each table of the kernel does when it is full. *Refuses*: a change that needs more is an
error that names the table, and nothing of it is done. *Evicts*: an older entry gives way. *Loses*:
what finds no room is lost, and counted. *Fixed*: there is a row for everything. \`skep status\`
names those that are more than nine tenths full, with what to do; \`skep_bpf_map_pressure\` is the
share for Prometheus. Each is filled in a test: \`limits.live.test.ts\`, \`limits.test.ts\` and
\`claims.test.ts\` of the agent, \`flood.test.ts\` and \`full-tables.test.ts\` of the datapath.

${markdownTable(['table', 'entries at most', 'when full', 'bound', 'what to do'], tableRows())}`;
}

function tableRows(): string[][] {
  return tableLimits.map(({ map, behaviour, bound, advice }) => [
    `\`${map.name}\``,
    numberText(map.maxEntries),
    behaviour,
    bound === undefined ? '' : `\`${bound}\``,
    advice,
  ]);
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
