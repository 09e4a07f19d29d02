/**
 * Parses filters. `and` and `or` bind equally and group from the left, `not` binds tighter. A value
 * without qualifiers takes those of the value before it: `tcp port 80 or 443`. Behind a
 * parenthesis they are those from before it.
 */
import {
  arithmeticOperators,
  isProtocolWord,
  parseArithmetic,
  parseRelationOperator,
} from './parse-arithmetic.ts';
import type { Direction, Operand, Qualifiers, Syntax, ValueKind } from './syntax.ts';
import { TokenReader } from './token-reader.ts';
import type { TokenKind } from './tokens.ts';
import type { ProtocolWord } from './words.ts';

const valueTokens: readonly TokenKind[] = ['number', 'ipv4', 'ipv6', 'mac', 'name'];
const PRIMITIVE = 'a test such as host, net, port, tcp, or ip[0] = 1';

/** What was parsed, and the qualifiers that a bare value behind it takes over. */
interface Parsed {
  readonly syntax: Syntax;
  readonly qualifiers: Qualifiers | null;
}

/**
 * The tree of a filter; an empty text is every packet.
 *
 * @throws FilterError with the column, what was found and what was expected
 */
export function parseFilter(text: string): Syntax {
  const reader = new TokenReader(text);
  if (reader.peek().kind === 'end') return { kind: 'all' };
  const { syntax } = new FilterParser(reader).expression(null);
  if (reader.peek().kind !== 'end') reader.fail('and, or, or the end');
  return syntax;
}

class FilterParser {
  constructor(private readonly reader: TokenReader) {}

  /** @param outer the qualifiers from before the parenthesis that this stands in */
  expression(outer: Qualifiers | null): Parsed {
    let left = this.term(outer);
    for (let kind = this.connective(); kind; kind = this.connective()) {
      const { qualifiers } = left;
      const right = this.isValueNext() ? this.value(qualifiers) : this.term(qualifiers);
      const syntax: Syntax = { kind, left: left.syntax, right: right.syntax };
      left = { syntax, qualifiers: right.qualifiers };
    }
    return left;
  }

  private connective(): 'and' | 'or' | null {
    if (this.reader.take('and', '&&')) return 'and';
    return this.reader.take('or', '||') ? 'or' : null;
  }

  private term(outer: Qualifiers | null): Parsed {
    const { reader } = this;
    if (reader.take('not', '!')) return this.reader.nested(() => negated(this.term(outer)));
    if (reader.isAt('(') && !this.isArithmeticNext()) {
      reader.next();
      const inner = this.reader.nested(() => this.expression(outer));
      reader.demand(')');
      return { syntax: inner.syntax, qualifiers: outer };
    }
    const { kind } = reader.peek();
    if (kind === 'number' || reader.isAt('(', '-', 'len')) return this.relation();
    if (valueTokens.includes(kind)) {
      return reader.fail(PRIMITIVE, 'a value needs a word before it: host, net, port');
    }
    return this.primitive();
  }

  private relation(): Parsed {
    const left = parseArithmetic(this.reader);
    const operator = parseRelationOperator(this.reader);
    const right = parseArithmetic(this.reader);
    return { syntax: { kind: 'relation', operator, left, right }, qualifiers: null };
  }

  /** What begins with a word. */
  private primitive(): Parsed {
    const { reader } = this;
    const token = reader.peek();
    const { column } = token;
    if (reader.take('vlan')) return alone({ kind: 'vlan', column, ...this.vlanId() });
    if (reader.isAt('less', 'greater')) return this.lengthTest();
    const protocol = isProtocolWord(token) ? token.text : undefined;
    if (protocol !== undefined && reader.isAhead(1, '[')) return this.relation();
    if (protocol !== undefined) reader.next();
    const named = protocol === undefined ? {} : { protocol };
    for (const kind of ['broadcast', 'multicast'] as const) {
      if (reader.take(kind)) return alone({ kind, ...named, column });
    }
    const qualifiers = this.qualifiers(named);
    if (qualifiers) return this.value(qualifiers);
    if (protocol === undefined) return reader.fail(PRIMITIVE);
    return alone({ kind: 'protocol', protocol, column });
  }

  private vlanId(): { id?: number } {
    const { reader } = this;
    let depth = 0;
    while (reader.isAhead(depth, '(')) depth++;
    if (reader.peek(depth).kind !== 'number') return {};
    for (let open = 0; open < depth; open++) reader.next();
    const token = reader.next();
    if (token.value > 4095) reader.fail('a VLAN number of at most 4095', undefined, token);
    for (let open = 0; open < depth; open++) reader.demand(')');
    return { id: token.value };
  }

  /** `less N` is `len <= N`, `greater N` is `len >= N`. */
  private lengthTest(): Parsed {
    const { text, column } = this.reader.next();
    const number = this.reader.demandKind('number', 'a number of bytes');
    const right = { kind: 'number', value: number.value, column: number.column } as const;
    const operator = text === 'less' ? '<=' : '>=';
    return alone({ kind: 'relation', operator, left: { kind: 'length', column }, right });
  }

  private qualifiers(protocol: { protocol?: ProtocolWord }): Qualifiers | null {
    const direction = this.direction();
    for (const kind of ['host', 'net', 'port', 'portrange'] as const satisfies ValueKind[]) {
      if (this.reader.take(kind)) return { ...protocol, ...direction, kind };
    }
    if (!direction && this.reader.take('proto')) return { ...protocol, kind: 'proto' };
    return direction && { ...protocol, ...direction };
  }

  private direction(): { direction: Direction } | null {
    const { reader } = this;
    const first = reader.take('src') ? 'src' : reader.take('dst') ? 'dst' : null;
    if (!first) return null;
    const other = first === 'src' ? 'dst' : 'src';
    if (!reader.isAt('and', '&&', 'or', '||') || !reader.isAhead(1, other)) {
      return { direction: first };
    }
    // `src 10.0.0.1 or dst 10.0.0.2` has a value here, and does not come to this place.
    const direction = reader.isAt('and', '&&') ? 'both' : 'either';
    reader.next();
    reader.next();
    return { direction };
  }

  /** A value, or values in parentheses, all of the same qualifiers. */
  private value(qualifiers: Qualifiers | null): Parsed {
    const { reader } = this;
    if (reader.take('not', '!')) return this.reader.nested(() => negated(this.value(qualifiers)));
    if (!reader.take('(')) return this.single(qualifiers);
    const list = this.reader.nested(() => {
      let { syntax } = this.value(qualifiers);
      for (let kind = this.connective(); kind; kind = this.connective()) {
        syntax = { kind, left: syntax, right: this.value(qualifiers).syntax };
      }
      return syntax;
    });
    reader.demand(')');
    return { syntax: list, qualifiers };
  }

  private single(qualifiers: Qualifiers | null): Parsed {
    const { reader } = this;
    if (!valueTokens.includes(reader.peek().kind)) {
      const isWord = reader.peek().kind === 'word';
      const advice = isWord
        ? 'a backslash before a word makes it a name: ip proto \\tcp'
        : undefined;
      return reader.fail('an address, a number or a name', advice);
    }
    if (!qualifiers) {
      return reader.fail(
        PRIMITIVE,
        'no value stands before it whose qualifiers it could take over',
      );
    }
    return { syntax: { kind: 'value', qualifiers, operand: this.operand() }, qualifiers };
  }

  private operand(): Operand {
    const { reader } = this;
    const { kind, text, value, column } = reader.next();
    if (kind === 'number') return { kind, value, column };
    if (kind === 'ipv6') {
      if (!reader.take('/')) return { kind, text, column };
      const length = reader.demandKind('number', 'a prefix length').value;
      return { kind, text, length, column };
    }
    if (kind !== 'ipv4') return { kind: kind === 'mac' ? 'mac' : 'name', text, column };
    if (reader.take('/')) {
      const mask = reader.demandKind('number', 'a prefix length').value;
      return { kind, text, mask, column };
    }
    if (!reader.take('mask')) return { kind, text, column };
    const mask = reader.demandKind('ipv4', 'a mask such as 255.255.255.0').text;
    return { kind, text, mask, column };
  }

  /** Whether a value, or a list of values in parentheses, comes next rather than a whole test. */
  private isValueNext(): boolean {
    const { reader } = this;
    let at = 0;
    while (reader.isAhead(at, '(', 'not', '!')) at++;
    const { kind } = reader.peek(at);
    if (kind !== 'number') return valueTokens.includes(kind);
    at++;
    while (reader.isAhead(at, ')')) at++;
    return !reader.isAhead(at, ...arithmeticOperators);
  }

  /** Whether the parenthesis that comes next closes before an operator: it is a part of a sum. */
  private isArithmeticNext(): boolean {
    const { reader } = this;
    let depth = 0;
    for (let at = 0; reader.peek(at).kind !== 'end'; at++) {
      if (reader.isAhead(at, '(')) depth++;
      if (reader.isAhead(at, ')') && --depth === 0) {
        return reader.isAhead(at + 1, ...arithmeticOperators);
      }
    }
    return false;
  }
}

function negated({ syntax, qualifiers }: Parsed): Parsed {
  return { syntax: { kind: 'not', of: syntax }, qualifiers };
}

/** A test that leaves no qualifiers behind. */
function alone(syntax: Syntax): Parsed {
  return { syntax, qualifiers: null };
}
