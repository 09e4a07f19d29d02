/**
 * Parses arithmetic. What binds tighter: a sign, `* /`, `+ -`, `<< >>`, `&`, `|`; equal ones group
 * from the left. `%` and `^` have no place in that order: whatever stands to their right is done
 * first, so that `a - b % c + d` is `a - (b % (c + d))`. That is how the language is, and filters
 * keep their meaning.
 */
import type { Arithmetic, ArithmeticOperator, RelationOperator } from './syntax.ts';
import type { Token } from './tokens.ts';
import { NESTING_MAX, type TokenReader } from './token-reader.ts';
import { type ProtocolWord, protocolWords } from './words.ts';

const ranks: Readonly<Record<ArithmeticOperator, number | null>> = {
  '|': 1,
  '&': 2,
  '<<': 3,
  '>>': 3,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '%': null,
  '^': null,
};
const SIGN_RANK = 6;

const relations: Readonly<Record<string, RelationOperator>> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** The operators that may stand between two arithmetic expressions of one relation. */
export const arithmeticOperators: readonly string[] = [
  ...Object.keys(ranks),
  ...Object.keys(relations),
];

/** A sign or an operator that waits for its right side. */
interface Pending {
  readonly operator: ArithmeticOperator | 'sign';
  readonly column: number;
}

/** Whether the word is a protocol's. */
export function isProtocolWord(token: Token): token is Token & { readonly text: ProtocolWord } {
  return token.kind === 'word' && protocolWords.includes(token.text as ProtocolWord);
}

/** @throws FilterError */
export function parseRelationOperator(reader: TokenReader): RelationOperator {
  const operator = relations[reader.peek().text];
  if (!operator || reader.peek().kind !== 'operator') {
    return reader.fail('an arithmetic operator or one of = != < <= > >=');
  }
  reader.next();
  return operator;
}

/** @throws FilterError */
export function parseArithmetic(reader: TokenReader): Arithmetic {
  const values: Arithmetic[] = [];
  const pending: Pending[] = [];
  for (;;) {
    while (reader.isAt('-')) pending.push({ operator: 'sign', column: reader.next().column });
    if (pending.length > NESTING_MAX) {
      reader.fail(`at most ${NESTING_MAX} signs and operators that wait for what follows`);
    }
    values.push(parseAtom(reader));
    const operator = operatorAt(reader);
    while (pending.length > 0 && (!operator || isDoneBefore(pending.at(-1)!, operator))) {
      reduce(values, pending.pop()!);
    }
    if (!operator) return values[0]!;
    pending.push({ operator, column: reader.next().column });
  }
}

function operatorAt(reader: TokenReader): ArithmeticOperator | null {
  const { kind, text } = reader.peek();
  return kind === 'operator' && Object.hasOwn(ranks, text) ? (text as ArithmeticOperator) : null;
}

function isDoneBefore({ operator }: Pending, next: ArithmeticOperator): boolean {
  const own = operator === 'sign' ? SIGN_RANK : ranks[operator];
  const other = ranks[next];
  return own !== null && other !== null && own >= other;
}

function reduce(values: Arithmetic[], { operator, column }: Pending): void {
  const right = values.pop()!;
  if (operator === 'sign') {
    values.push({ kind: 'negate', of: right, column });
  } else {
    values.push({ kind: 'binary', operator, left: values.pop()!, right, column });
  }
}

function parseAtom(reader: TokenReader): Arithmetic {
  const token = reader.peek();
  const { column } = token;
  if (token.kind === 'number') {
    reader.next();
    return { kind: 'number', value: token.value, column };
  }
  if (reader.take('len')) return { kind: 'length', column };
  if (reader.take('(')) {
    const inner = reader.nested(() => parseArithmetic(reader));
    reader.demand(')');
    return inner;
  }
  if (!isProtocolWord(token)) {
    const isDifference = token.kind === 'name' && /^[\w.]+-/.test(token.text);
    const advice = isDifference ? 'write blanks around the minus' : undefined;
    return reader.fail('a number, len, or bytes such as ip[0]', advice);
  }
  reader.next();
  reader.demand('[');
  const index = reader.nested(() => parseArithmetic(reader));
  const size = reader.take(':') ? parseSize(reader) : 1;
  reader.demand(']');
  return { kind: 'bytes', protocol: token.text, index, size, column };
}

function parseSize(reader: TokenReader): number {
  const token = reader.demandKind('number', 'a size of 1, 2 or 4 bytes');
  if (![1, 2, 4].includes(token.value)) reader.fail('a size of 1, 2 or 4 bytes', undefined, token);
  return token.value;
}
