/**
 * The numbers of the instruction set: every field of an instruction, once.
 *
 * An instruction is a slot of 8 bytes, little-endian; the 64-bit constant load takes two slots.
 *
 *      byte 0     byte 1      bytes 2-3   bytes 4-7
 *     +--------+-----------+-----------+-----------+
 *     | opcode | src | dst |  offset   | immediate |      src is the high half of byte 1;
 *     +--------+-----------+-----------+-----------+      offset and immediate are signed
 *
 *     opcode, arithmetic and jumps        opcode, loads and stores
 *       7 6 5 4   3    2 1 0                7 6 5   4 3    2 1 0
 *     +---------+---+-------+             +-------+------+-------+
 *     |operation| s | class |             | mode  | size | class |
 *     +---------+---+-------+             +-------+------+-------+
 *                 `- 0: immediate, 1: source register
 *
 * @source RFC 9669, sections 3 to 5
 */

/** The low three bits. */
export enum OpcodeClass {
  /** Loads of a 64-bit constant. */
  Load = 0,
  /** Loads from memory into a register. */
  LoadRegister = 1,
  /** Stores of an immediate. */
  Store = 2,
  /** Stores of a register, and atomic operations. */
  StoreRegister = 3,
  Arithmetic32 = 4,
  Jump = 5,
  Jump32 = 6,
  Arithmetic64 = 7,
}

/** Bit 3: the second operand is a register. */
export const SOURCE_REGISTER = 0x08;
/** As bit 3, of a byte swap: to big-endian instead of little-endian. */
export const TO_BIG_ENDIAN = 0x08;

/** Modes of loads and stores, in place. */
export enum Mode {
  Immediate = 0x00,
  Memory = 0x60,
  MemorySigned = 0x80,
  Atomic = 0xc0,
}

/** Bytes of an access by the size bits in place. */
export const accessSizes: ReadonlyMap<number, 1 | 2 | 4 | 8> = new Map([
  [0x10, 1],
  [0x08, 2],
  [0x00, 4],
  [0x18, 8],
]);

/** Operations of two operands; `sdiv`, `smod` and `sar` are signed. */
export type ArithmeticOperator =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'sdiv'
  | 'mod'
  | 'smod'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shr'
  | 'sar'
  | 'mov';

/** One two-operand instruction: operation bits in place, its offset, and the sign in listings. */
export interface ArithmeticRow {
  readonly bits: number;
  readonly offset: 0 | 1;
  readonly sign: string;
}

/** Signed division and modulo share their bits with the unsigned ones; the offset differs. */
export const arithmeticTable: Readonly<Record<ArithmeticOperator, ArithmeticRow>> = {
  add: { bits: 0x00, offset: 0, sign: '+=' },
  sub: { bits: 0x10, offset: 0, sign: '-=' },
  mul: { bits: 0x20, offset: 0, sign: '*=' },
  div: { bits: 0x30, offset: 0, sign: '/=' },
  sdiv: { bits: 0x30, offset: 1, sign: 's/=' },
  or: { bits: 0x40, offset: 0, sign: '|=' },
  and: { bits: 0x50, offset: 0, sign: '&=' },
  shl: { bits: 0x60, offset: 0, sign: '<<=' },
  shr: { bits: 0x70, offset: 0, sign: '>>=' },
  mod: { bits: 0x90, offset: 0, sign: '%=' },
  smod: { bits: 0x90, offset: 1, sign: 's%=' },
  xor: { bits: 0xa0, offset: 0, sign: '^=' },
  mov: { bits: 0xb0, offset: 0, sign: '=' },
  sar: { bits: 0xc0, offset: 0, sign: 's>>=' },
};

/** Operations of the arithmetic classes that have one operand. */
export const NEGATE = 0x80;
/** Operation of a change of byte order. */
export const BYTE_SWAP = 0xd0;

/** Conditions of jumps; those with an s compare as signed numbers. */
export type Comparison =
  | 'eq'
  | 'ne'
  | 'gt'
  | 'ge'
  | 'lt'
  | 'le'
  | 'sgt'
  | 'sge'
  | 'slt'
  | 'sle'
  /** Any bit in common. */
  | 'set';

/** One conditional jump: operation bits in place, and the sign in listings. */
export interface ComparisonRow {
  readonly bits: number;
  readonly sign: string;
}

/** Every condition once. */
export const comparisonTable: Readonly<Record<Comparison, ComparisonRow>> = {
  eq: { bits: 0x10, sign: '==' },
  gt: { bits: 0x20, sign: '>' },
  ge: { bits: 0x30, sign: '>=' },
  set: { bits: 0x40, sign: '&' },
  ne: { bits: 0x50, sign: '!=' },
  sgt: { bits: 0x60, sign: 's>' },
  sge: { bits: 0x70, sign: 's>=' },
  lt: { bits: 0xa0, sign: '<' },
  le: { bits: 0xb0, sign: '<=' },
  slt: { bits: 0xc0, sign: 's<' },
  sle: { bits: 0xd0, sign: 's<=' },
};

/** The other operations of the jump classes. */
export const JUMP_ALWAYS = 0x00;
/** Operation of a call. */
export const CALL = 0x80;
/** Operation of the return. */
export const EXIT = 0x90;
/** Jumps when the program has looped too often. @since Linux 6.9; not of RFC 9669 */
export const MAY_GOTO = 0xe0;

/** What is called: by helper number, by distance, or by BTF id. */
export type CallTarget = 'helper' | 'subprogram' | 'kernelFunction';

/** What the immediate of a call is, by its source register field. */
export const callTargets: readonly CallTarget[] = ['helper', 'subprogram', 'kernelFunction'];

/** What an atomic instruction does to the memory. */
export type AtomicOperator = 'add' | 'or' | 'and' | 'xor' | 'exchange' | 'compareExchange';

/** The immediate of an atomic instruction; `FETCH` is added where the old value is returned. */
export const atomicTable: Readonly<Record<AtomicOperator, number>> = {
  add: 0x00,
  or: 0x40,
  and: 0x50,
  xor: 0xa0,
  exchange: 0xe0,
  compareExchange: 0xf0,
};
/** Added to the immediate of an atomic instruction that returns the old value. */
export const FETCH = 0x01;

/** What a 64-bit constant load takes its value from, by its source register field. */
export const constantSources = [
  'value',
  'mapByDescriptor',
  'mapValueByDescriptor',
  'variable',
  'code',
  'mapByIndex',
  'mapValueByIndex',
] as const;
/** What a 64-bit constant load loads. */
export type ConstantSource = (typeof constantSources)[number];
