/**
 * Classic BPF: what its instructions are, and how they are encoded. Two registers, A and X; 16
 * words of memory, M; jumps lead forward only. @source include/uapi/linux/bpf_common.h
 */
import type { ExpressionOperator } from '../meaning/expression.ts';
import {
  ANCILLARY_OFFSET,
  ancillaryName,
  ancillaryNames,
  LINK_OFFSET,
  NETWORK_OFFSET,
  refusedAncillary,
  XOR_WITH_X,
} from './ancillary.ts';
import { ClassicError } from './classic-error.ts';

/** Words of memory. @alias BPF_MEMWORDS */
export const MEMORY_WORDS = 16;

/** A register. */
export type Register = 'A' | 'X';

/** What the second side of an operation is: a number of 32 bits, or X. */
export type Source = number | 'X';

/** One instruction; targets of jumps are counted from the program's start. */
export type ClassicInstruction =
  /** A = bytes at `offset`, or at X + `offset`. */
  | {
      readonly kind: 'load';
      readonly size: 1 | 2 | 4;
      readonly offset: number;
      readonly isIndexed: boolean;
    }
  /** A = what is known beside the packet; `distance` says what. */
  | { readonly kind: 'ancillary'; readonly size: 1 | 2 | 4; readonly distance: number }
  /** X = 4 * (byte at `offset` & 0xf) */
  | { readonly kind: 'headerLength'; readonly offset: number }
  | { readonly kind: 'set'; readonly register: Register; readonly value: number }
  | { readonly kind: 'length'; readonly register: Register }
  | { readonly kind: 'recall'; readonly register: Register; readonly word: number }
  | { readonly kind: 'store'; readonly register: Register; readonly word: number }
  | { readonly kind: 'arithmetic'; readonly operator: ExpressionOperator; readonly source: Source }
  | { readonly kind: 'negate' }
  | { readonly kind: 'copy'; readonly to: Register }
  | { readonly kind: 'jump'; readonly to: number }
  | {
      readonly kind: 'branch';
      readonly relation: BranchRelation;
      readonly source: Source;
      readonly ifTrue: number;
      readonly ifFalse: number;
    }
  /** So many bytes of the packet are taken; 0 is none. */
  | { readonly kind: 'return'; readonly value: number | 'A' };

/** How A is compared; `set`: whether they have a bit in common. */
export type BranchRelation = 'eq' | 'gt' | 'ge' | 'set';

/** The four numbers of an instruction as they are written. */
export interface EncodedInstruction {
  readonly code: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
  readonly constant: number;
}

enum Class {
  Load = 0,
  LoadX = 1,
  Store = 2,
  StoreX = 3,
  Arithmetic = 4,
  Jump = 5,
  Return = 6,
  Miscellaneous = 7,
}

const sizes: Readonly<Record<number, 1 | 2 | 4>> = { 0: 4, 8: 2, 16: 1 };
const operators: Readonly<Record<number, ExpressionOperator>> = {
  0: 'add',
  16: 'sub',
  32: 'mul',
  48: 'div',
  64: 'or',
  80: 'and',
  96: 'shl',
  112: 'shr',
  144: 'mod',
  160: 'xor',
};
const relations: Readonly<Record<number, BranchRelation>> = {
  16: 'eq',
  32: 'gt',
  48: 'ge',
  64: 'set',
};
const NEGATE = 0x84;
const USES_X = 0x08;

/** @param at where the instruction stands @throws ClassicError for an unknown opcode or load */
export function decodeClassic(encoded: EncodedInstruction, at: number): ClassicInstruction {
  const { code, constant } = encoded;
  const decoded = decodeByClass(encoded, at);
  if (decoded) return decoded;
  const found = `opcode 0x${code.toString(16).padStart(2, '0')} (k ${constant})`;
  throw new ClassicError(at, found, 'an opcode of classic BPF');
}

function decodeByClass(encoded: EncodedInstruction, at: number): ClassicInstruction | null {
  const { code, constant } = encoded;
  if (code > 0xff) return null;
  switch ((code & 7) as Class) {
    case Class.Load:
      return decodeLoad(code, constant, at);
    case Class.LoadX:
      return decodeLoadX(code, constant);
    case Class.Store:
      return code === Class.Store ? { kind: 'store', register: 'A', word: constant } : null;
    case Class.StoreX:
      return code === Class.StoreX ? { kind: 'store', register: 'X', word: constant } : null;
    case Class.Arithmetic: {
      if (code === NEGATE) return { kind: 'negate' };
      const operator = operators[code & 0xf0];
      return operator ? { kind: 'arithmetic', operator, source: sourceOf(code, constant) } : null;
    }
    case Class.Jump:
      return decodeJump(encoded, at);
    case Class.Return:
      if (code === 0x06) return { kind: 'return', value: constant };
      return code === 0x16 ? { kind: 'return', value: 'A' } : null;
    case Class.Miscellaneous:
      if (code === 0x07) return { kind: 'copy', to: 'X' };
      return code === 0x87 ? { kind: 'copy', to: 'A' } : null;
  }
}

function sourceOf(code: number, constant: number): Source {
  return code & USES_X ? 'X' : constant;
}

function decodeLoad(code: number, constant: number, at: number): ClassicInstruction | null {
  const size = sizes[code & 0x18];
  const mode = code & 0xe0;
  if (size === undefined) return null;
  if (mode === 0x20) return decodeAbsolute(size, constant, at);
  if (mode === 0x40) return { kind: 'load', size, offset: constant, isIndexed: true };
  if (size !== 4) return null;
  if (mode === 0x00) return { kind: 'set', register: 'A', value: constant };
  if (mode === 0x60) return { kind: 'recall', register: 'A', word: constant };
  return mode === 0x80 ? { kind: 'length', register: 'A' } : null;
}

function decodeLoadX(code: number, constant: number): ClassicInstruction | null {
  if (code === 0xb1) return { kind: 'headerLength', offset: constant };
  if (code === 0x01) return { kind: 'set', register: 'X', value: constant };
  if (code === 0x61) return { kind: 'recall', register: 'X', word: constant };
  return code === 0x81 ? { kind: 'length', register: 'X' } : null;
}

/** Offsets of no packet have meanings of their own. */
function decodeAbsolute(size: 1 | 2 | 4, offset: number, at: number): ClassicInstruction {
  if (offset < LINK_OFFSET) return { kind: 'load', size, offset, isIndexed: false };
  if (offset < NETWORK_OFFSET) {
    return { kind: 'load', size, offset: offset - LINK_OFFSET, isIndexed: false };
  }
  if (offset < ANCILLARY_OFFSET) {
    const found = `a load at ${offset - NETWORK_OFFSET} of the network header (SKF_NET_OFF)`;
    throw new ClassicError(at, found, 'an offset from the start of the frame');
  }
  const distance = offset - ANCILLARY_OFFSET;
  if (distance === XOR_WITH_X) return { kind: 'arithmetic', operator: 'xor', source: 'X' };
  if (ancillaryName(distance) !== undefined) return { kind: 'ancillary', size, distance };
  const name = refusedAncillary(distance) ?? `SKF_AD_OFF + ${distance}`;
  throw new ClassicError(at, `the load [${name}]`, `one of ${ancillaryNames().join(', ')}`);
}

function decodeJump(encoded: EncodedInstruction, at: number): ClassicInstruction | null {
  const { code, constant, jumpTrue, jumpFalse } = encoded;
  if (code === 0x05) return { kind: 'jump', to: at + 1 + constant };
  const relation = relations[code & 0xf0];
  if (!relation) return null;
  const [ifTrue, ifFalse] = [at + 1 + jumpTrue, at + 1 + jumpFalse];
  return { kind: 'branch', relation, source: sourceOf(code, constant), ifTrue, ifFalse };
}
