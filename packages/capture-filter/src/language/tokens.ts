/**
 * Splits a filter into tokens. Of several that could begin at one place the longest is taken, and
 * so `80-90` and `tcp-syn` are one name each, where `80 - 90` is a difference.
 */
import { AddressError, parseAddress } from '@skep/wire';
import { FilterError } from './filter-error.ts';
import { grammarWords, linkWords, numberWords, protocolWords, refusedWords } from './words.ts';

/** What a token is. */
export type TokenKind = 'word' | 'number' | 'ipv4' | 'ipv6' | 'mac' | 'name' | 'operator' | 'end';

/** One token; `text` without the backslash that makes a word a name. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly value: number;
  /** From 1. */
  readonly column: number;
}

const BLANK = /[ \r\n\t]/y;
const OPERATOR = />=|<=|!=|==|<<|>>|&&|\|\||[-+*/%:[\]!<>()&|^=]/y;
const ESCAPED = /\\[^ !()\n\t]+/y;
const NAME = /[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?/y;
const NUMBER = /0[xX][0-9A-Fa-f]+|[0-9]+/y;
const COLONS = /[0-9A-Fa-f]*:[0-9A-Fa-f:]+(?:\.\d+\.\d+\.\d+)?/y;
const PAIR = '[0-9A-Fa-f]{1,2}';
const FOUR = '[0-9A-Fa-f]{4}';
/** One separator all through; fours may do without. */
const MAC = new RegExp(
  `^(?:${PAIR}([-:.])${PAIR}(?:\\1${PAIR}){4}|${FOUR}(\\.?)${FOUR}\\2${FOUR})$`,
);
const IPV4 = /^(?:0[xX][0-9A-Fa-f]+|\d+)(?:\.(?:0[xX][0-9A-Fa-f]+|\d+)){1,3}$/;

/** Other spellings of one word. */
const sameWords: Readonly<Record<string, string>> = {
  length: 'len',
  ...Object.fromEntries(linkWords.map((word) => [word, 'ether'])),
};
const words = new Set<string>([...protocolWords, ...linkWords, ...grammarWords]);

/** Words, values and operators of one filter. */
const TOKENS_MAX = 8192;

/** The tokens of a filter; the last one is of kind `end`. @throws FilterError */
export function tokenise(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    if (matchAt(BLANK, text, at)) {
      at++;
      continue;
    }
    const { token, length } = nextToken(text, at);
    if (tokens.length === TOKENS_MAX) {
      throw new FilterError(text, at + 1, `'${token.text}'`, `at most ${TOKENS_MAX} words`);
    }
    tokens.push(token);
    at += length;
  }
  tokens.push({ kind: 'end', text: 'the end', value: 0, column: text.length + 1 });
  return tokens;
}

function nextToken(text: string, at: number): { token: Token; length: number } {
  const column = at + 1;
  const make = (kind: TokenKind, shown: string, value = 0): Token => {
    return { kind, text: shown, value, column };
  };
  const escaped = matchAt(ESCAPED, text, at);
  if (escaped) return { token: make('name', escaped.slice(1)), length: escaped.length };
  const address = colonAddress(text, at);
  if (address) return { token: make(address.kind, address.text), length: address.text.length };
  const name = matchAt(NAME, text, at);
  if (name) {
    // In `aa:bb`, as in `ether[0:4]`, the part before the colon stands for itself.
    return { token: nameToken(text, name, make), length: name.length };
  }
  const operator = matchAt(OPERATOR, text, at);
  if (operator) return { token: make('operator', operator), length: operator.length };
  throw new FilterError(text, column, `'${text[at]}'`, 'a word, a value or an operator');
}

type Make = (kind: TokenKind, shown: string, value?: number) => Token;

function nameToken(text: string, name: string, make: Make): Token {
  if (words.has(name)) return make('word', sameWords[name] ?? name);
  if (Object.hasOwn(refusedWords, name)) {
    const { column } = make('word', name);
    const expected = 'a word that Skep knows';
    throw new FilterError(text, column, `'${name}'`, expected, refusedWords[name]);
  }
  if (MAC.test(name)) return make('mac', name);
  if (matchAt(NUMBER, name, 0)?.length === name.length) {
    return make('number', name, readNumber(text, name, make('number', name).column));
  }
  if (IPV4.test(name)) return make('ipv4', name);
  if (Object.hasOwn(numberWords, name)) return make('number', name, numberWords[name]!);
  return make('name', name);
}

/** An address with colons in it; two colons or more that are none are an error. */
function colonAddress(text: string, at: number): { kind: 'mac' | 'ipv6'; text: string } | null {
  const found = matchAt(COLONS, text, at);
  if (!found) return null;
  if (MAC.test(found)) return { kind: 'mac', text: found };
  if (isIpv6(found)) return { kind: 'ipv6', text: found };
  if ((found.match(/:/g) ?? []).length < 2) return null;
  throw new FilterError(text, at + 1, `'${found}'`, 'an IPv6 or a MAC address');
}

function isIpv6(text: string): boolean {
  try {
    return parseAddress(text).family === 6;
  } catch (error) {
    if (error instanceof AddressError) return false;
    throw error;
  }
}

const NUMBER_MAX = 0xffff_ffff;

/** Decimal, hexadecimal behind `0x`, octal behind `0`. */
function readNumber(text: string, digits: string, column: number): number {
  const isOctal = /^0\d/.test(digits);
  if (isOctal && /[89]/.test(digits)) {
    throw new FilterError(text, column, digits, 'octal digits', 'a leading 0 means octal');
  }
  const value = isOctal ? Number.parseInt(digits, 8) : Number(digits);
  if (value <= NUMBER_MAX) return value;
  throw new FilterError(text, column, digits, 'a number of at most 32 bits');
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}
