/** Which operator a token stands for. */
import ts from '@typescript/typescript6';
import type { BinaryOperator } from '../ir/ir.ts';

/** A declaration with a body that can be lowered. */
export type Callable = ts.FunctionDeclaration | ts.ArrowFunction | ts.FunctionExpression;

/** By token. */
export const binaryOperators: ReadonlyMap<ts.SyntaxKind, BinaryOperator> = new Map([
  [ts.SyntaxKind.PlusToken, 'add'],
  [ts.SyntaxKind.MinusToken, 'sub'],
  [ts.SyntaxKind.AsteriskToken, 'mul'],
  [ts.SyntaxKind.SlashToken, 'div'],
  [ts.SyntaxKind.PercentToken, 'mod'],
  [ts.SyntaxKind.AmpersandToken, 'and'],
  [ts.SyntaxKind.BarToken, 'or'],
  [ts.SyntaxKind.CaretToken, 'xor'],
  [ts.SyntaxKind.LessThanLessThanToken, 'shl'],
  [ts.SyntaxKind.GreaterThanGreaterThanToken, 'sar'],
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken, 'shr'],
]);

/** By token of the compound assignment. */
export const assignmentOperators: ReadonlyMap<ts.SyntaxKind, BinaryOperator> = new Map([
  [ts.SyntaxKind.PlusEqualsToken, 'add'],
  [ts.SyntaxKind.MinusEqualsToken, 'sub'],
  [ts.SyntaxKind.AsteriskEqualsToken, 'mul'],
  [ts.SyntaxKind.SlashEqualsToken, 'div'],
  [ts.SyntaxKind.PercentEqualsToken, 'mod'],
  [ts.SyntaxKind.AmpersandEqualsToken, 'and'],
  [ts.SyntaxKind.BarEqualsToken, 'or'],
  [ts.SyntaxKind.CaretEqualsToken, 'xor'],
  [ts.SyntaxKind.LessThanLessThanEqualsToken, 'shl'],
  [ts.SyntaxKind.GreaterThanGreaterThanEqualsToken, 'sar'],
  [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanEqualsToken, 'shr'],
]);

/** The JSDoc tag's text; `null` without the tag. */
export function tagOf(node: ts.Node, name: string): string | null {
  const tag = ts.getJSDocTags(node).find((each) => each.tagName.text === name);
  if (!tag) return null;
  return (ts.getTextOfJSDocComment(tag.comment) ?? '').trim();
}

/** What a call names, in the author's words: `pullData`, which the kernel calls `skb_pull_data`. */
export function calleeOf(node: ts.Node | undefined): string | undefined {
  return node && ts.isCallExpression(node) ? node.expression.getText() : undefined;
}

/** As messages name it, such as `a type of expression`. */
export function kindOf(node: ts.Node): string {
  const words = ts.SyntaxKind[node.kind].replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return `${/^[aeiou]/.test(words) ? 'an' : 'a'} ${words}`;
}
