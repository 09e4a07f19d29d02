/** Reads tokens one after the other, and says what is wrong where one is not as expected. */
import { FilterError } from './filter-error.ts';
import { type Token, type TokenKind, tokenise } from './tokens.ts';

/** How deep parentheses, nots and signs may stand inside each other. */
export const NESTING_MAX = 200;

/** The tokens of one filter, and how far they are read. */
export class TokenReader {
  private readonly tokens: readonly Token[];
  private at = 0;
  private nesting = 0;

  /** @throws FilterError */
  constructor(readonly text: string) {
    this.tokens = tokenise(text);
  }

  /** The next token, or one further on; at the end always the last. */
  peek(ahead = 0): Token {
    return this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)]!;
  }

  next(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.at++;
    return token;
  }

  /** Whether the next token is one of these words or operators. */
  isAt(...texts: readonly string[]): boolean {
    return this.isAhead(0, ...texts);
  }

  /** As `isAt`, of a token further on. */
  isAhead(ahead: number, ...texts: readonly string[]): boolean {
    const { kind, text } = this.peek(ahead);
    return (kind === 'word' || kind === 'operator') && texts.includes(text);
  }

  /** Reads the next token if it is one of these. */
  take(...texts: readonly string[]): boolean {
    const isThere = this.isAt(...texts);
    if (isThere) this.at++;
    return isThere;
  }

  /** @throws FilterError when another token comes next */
  demand(text: string): void {
    if (!this.take(text)) this.fail(`'${text}'`);
  }

  /** @throws FilterError when a token of another kind comes next */
  demandKind(kind: TokenKind, expected: string): Token {
    if (this.peek().kind !== kind) this.fail(expected);
    return this.next();
  }

  /** Reads what stands inside of something. @throws FilterError when that is too deep */
  nested<T>(parse: () => T): T {
    if (++this.nesting > NESTING_MAX) {
      this.fail(`at most ${NESTING_MAX} parentheses, nots and signs inside each other`);
    }
    const parsed = parse();
    this.nesting--;
    return parsed;
  }

  /** @throws FilterError always, at the next token or at the one given */
  fail(expected: string, advice?: string, token: Token = this.peek()): never {
    const found = token.kind === 'end' ? token.text : `'${token.text}'`;
    throw new FilterError(this.text, token.column, found, expected, advice);
  }
}
