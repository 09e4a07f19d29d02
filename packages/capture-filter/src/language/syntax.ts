/** What a filter says, as it is written: the tree that the parser makes. Columns count from 1. */
import type { ProtocolWord } from './words.ts';

/** Which of the two addresses or ports; `either` where nothing is said. */
export type Direction = 'src' | 'dst' | 'either' | 'both';

/** What kind of thing the value is; `host` where nothing is said. */
export type ValueKind = 'host' | 'net' | 'port' | 'portrange' | 'proto';

/** What stands before a value, and what a value without any takes over from the one before it. */
export interface Qualifiers {
  readonly protocol?: ProtocolWord;
  readonly direction?: Direction;
  readonly kind?: ValueKind;
}

/** A value: the text of it, and its column. */
export type Operand =
  | { readonly kind: 'number'; readonly value: number; readonly column: number }
  /** One to four parts; `mask` in bits or as an address. */
  | {
      readonly kind: 'ipv4';
      readonly text: string;
      readonly mask?: number | string;
      readonly column: number;
    }
  | {
      readonly kind: 'ipv6';
      readonly text: string;
      readonly length?: number;
      readonly column: number;
    }
  | { readonly kind: 'mac'; readonly text: string; readonly column: number }
  | { readonly kind: 'name'; readonly text: string; readonly column: number };

/** Operators of arithmetic, all on unsigned numbers of 32 bits. */
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>';

/** Operators between two arithmetic expressions. */
export type RelationOperator = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** An arithmetic expression. */
export type Arithmetic =
  | { readonly kind: 'number'; readonly value: number; readonly column: number }
  | { readonly kind: 'length'; readonly column: number }
  /** `size` bytes of the protocol's header, from `index` on. */
  | {
      readonly kind: 'bytes';
      readonly protocol: ProtocolWord;
      readonly index: Arithmetic;
      readonly size: number;
      readonly column: number;
    }
  | { readonly kind: 'negate'; readonly of: Arithmetic; readonly column: number }
  | {
      readonly kind: 'binary';
      readonly operator: ArithmeticOperator;
      readonly left: Arithmetic;
      readonly right: Arithmetic;
      readonly column: number;
    };

/** A filter or a part of one. */
export type Syntax =
  | { readonly kind: 'and' | 'or'; readonly left: Syntax; readonly right: Syntax }
  | { readonly kind: 'not'; readonly of: Syntax }
  | { readonly kind: 'value'; readonly qualifiers: Qualifiers; readonly operand: Operand }
  | { readonly kind: 'protocol'; readonly protocol: ProtocolWord; readonly column: number }
  | {
      readonly kind: 'relation';
      readonly operator: RelationOperator;
      readonly left: Arithmetic;
      readonly right: Arithmetic;
    }
  | {
      readonly kind: 'broadcast' | 'multicast';
      readonly protocol?: ProtocolWord;
      readonly column: number;
    }
  /** Everything behind it in the text looks behind the tag. */
  | { readonly kind: 'vlan'; readonly id?: number; readonly column: number }
  /** No text: every packet. */
  | { readonly kind: 'all' };
