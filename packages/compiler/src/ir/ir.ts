/**
 * The intermediate representation: a control-flow graph in SSA form.
 *
 * A value is 32 or 64 bits wide and has no other type; what a memory operation touches is said by
 * its `Access`. Constants, addresses of maps, functions and stack slots, and load-time constants
 * are never placed in a block: they are made again at each use.
 *
 * Invariants are those that `verify.ts` checks after every pass.
 */
import type { GlobalParameter, MapShape } from '@skep/bytecode';

/** Bits of a value. */
export type Width = 32 | 64;

/** Lines and columns count from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/**
 * What a pointer points into; `any` where several are possible. `packetBounds` are the pointers of
 * the context to its packet, which are never null.
 */
export type Space = 'context' | 'packetBounds' | 'packet' | 'map' | 'stack' | 'ringBuffer' | 'any';

/** One read or write of `size` bytes at base + `offset`. */
export interface Access {
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly space: Space;
  /** Others write there at the same time: each read and each write is done, where it stands. */
  readonly isAtomic?: true;
}

/**
 * How often the kernel lets a loop turn; where `may_goto` goes by time, it may be more or fewer.
 *
 * @source BPF_MAX_LOOPS, include/linux/bpf.h; bpf_check_timed_may_goto, kernel/bpf/core.c
 */
export const turnsMax = 1 << 23;

/** A field of one of the kernel's structs, of `size` bytes. */
export interface KernelFieldName {
  readonly struct: string;
  readonly field: string;
  readonly size: number;
}

/** An object on the stack, of this function's frame. */
export interface Slot {
  readonly name: string;
  readonly size: number;
}

/** Operations on two values of one width; see `Operation` for what they do at the limits. */
export type BinaryOperator =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'mod'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shr'
  | 'sar';

/** What an atomic instruction does that gives what was there before. */
export type FetchOperator = 'add' | 'and' | 'or' | 'xor' | 'exchange' | 'compareExchange';

/** Unsigned but for those that begin with `s`. */
export type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'slt' | 'sle' | 'sgt' | 'sge';

/**
 * What a value is. `operands` of the value are listed in brackets.
 *
 * - `constant`: `bits`, two's complement, reduced to the width
 * - `map`: the map's address; `mapValue`: that of its one value, where the map is an array; `slot`:
 *   the slot's address; `loadTime`: a constant not yet bound
 * - `context`: the program's argument; `parameter`: argument `index` of a subprogram
 * - binary operators [left, right]: unsigned but for `sar`; x / 0 = 0, x % 0 = x; shifts take the
 *   amount modulo the width
 * - `neg` [x]; `byteSwap` [x]: the low `bits`, the rest becomes zero; `isWhole`: the rest of x was
 *   zero before, also where the verifier does not know it
 * - `zeroExtend`, `signExtend` [32-bit], `truncate` [64-bit]
 * - `load` [base], zero-extended; `store` [base, value]; `atomicAdd` [base, value]
 * - `atomicFetch` [base, value], or [base, expected, value]: what was there before; all that stands
 *   before it is done before it, on every CPU
 * - `call` [arguments]: helper by number; `callSubprogram`, `callKernelFunction` [arguments]: by
 *   name; `function`: the address of a subprogram; `kernelField`: an offset that the loader finds
 * - `turn`: which turn of the loop around it this is, from 0; `limit` when the loop must be left,
 *   which a branch at once sees to. Stands in the loop's head; what becomes of it depends on the
 *   kernel that the program is made for (`codegen/loops`)
 * - `hidden` [slot of 8 bytes]: -1, of which the verifier knows nothing
 * - `phi` [one per predecessor, in their order]
 */
export type Operation =
  | { readonly op: 'constant'; readonly bits: bigint }
  | { readonly op: 'map'; readonly map: MapShape }
  | { readonly op: 'mapValue'; readonly map: MapShape }
  | { readonly op: 'slot'; readonly slot: Slot }
  | { readonly op: 'loadTime'; readonly name: string }
  | { readonly op: 'function'; readonly name: string }
  | ({ readonly op: 'kernelField' } & KernelFieldName)
  | { readonly op: 'context' }
  | { readonly op: 'parameter'; readonly index: number }
  /** `isPacketPointer`: data + offset, made once and then checked against the end of the data. */
  | { readonly op: BinaryOperator; readonly isPacketPointer?: boolean }
  | { readonly op: 'neg' | 'zeroExtend' | 'signExtend' | 'truncate' | 'hidden' | 'phi' }
  | { readonly op: 'byteSwap'; readonly bits: 16 | 32 | 64; readonly isWhole?: true }
  | { readonly op: 'load'; readonly access: Access }
  | { readonly op: 'store'; readonly access: Access }
  | { readonly op: 'atomicAdd'; readonly access: Access }
  | { readonly op: 'atomicFetch'; readonly access: Access; readonly operator: FetchOperator }
  | { readonly op: 'turn'; readonly limit: number }
  | CallOperation;

/** The operations that call something; arguments and result have 64 bits. */
export type CallOperation =
  | {
      readonly op: 'call';
      readonly helper: number;
      readonly name: string;
      readonly movesPacket: boolean;
    }
  | { readonly op: 'callSubprogram'; readonly name: string; readonly movesPacket: boolean }
  | {
      readonly op: 'callKernelFunction';
      readonly name: string;
      readonly movesPacket: boolean;
      /** Bytes of the result that its author has declared, 0 for none; absent where nobody has. */
      readonly resultBytes?: number;
    };

/** What an operation computes, at the place where it stands. */
export class Value {
  /** Set while a value is being replaced: read operands through `resolve`. */
  replacement: Value | null = null;
  block: Block | null = null;

  constructor(
    readonly id: number,
    public operation: Operation,
    public operands: Value[],
    public width: Width,
    readonly position: SourcePosition | null,
  ) {}
}

/** How a block ends. */
export type Terminator =
  | { readonly kind: 'jump'; to: Block }
  | {
      readonly kind: 'branch';
      comparison: Comparison;
      left: Value;
      right: Value;
      width: Width;
      ifTrue: Block;
      ifFalse: Block;
      position: SourcePosition | null;
    }
  | { readonly kind: 'return'; value: Value; position: SourcePosition | null };

/** The end of a block that leads two ways. */
export type Branch = Extract<Terminator, { kind: 'branch' }>;

/** Values computed one after the other, and where control goes then. */
export class Block {
  values: Value[] = [];
  predecessors: Block[] = [];
  terminator: Terminator | null = null;
  /** How many loops enclose it: what spill costs are weighed by. */
  loopDepth = 0;

  constructor(readonly id: number) {}
}

/** One program or subprogram. The first block is the entry. */
export class IrFunction {
  blocks: Block[] = [];
  /** What it takes, where the kernel is to verify it once instead of at each call. */
  global: readonly GlobalParameter[] | null = null;
  private nextValue = 0;
  private nextBlock = 0;

  /** @param giver a function whose blocks and values this one is to take: numbers go on there */
  constructor(
    readonly name: string,
    readonly position: SourcePosition | null,
    giver?: IrFunction,
  ) {
    if (!giver) return;
    this.nextValue = giver.nextValue;
    this.nextBlock = giver.nextBlock;
  }

  /** One more than the highest id of a value: how long a table by value id has to be. */
  get valueLimit(): number {
    return this.nextValue;
  }

  /** One more than the highest id of a block: how long a table by block id has to be. */
  get blockLimit(): number {
    return this.nextBlock;
  }

  makeBlock(): Block {
    const block = new Block(this.nextBlock++);
    this.blocks.push(block);
    return block;
  }

  /** A value that belongs to no block yet. */
  makeValue(
    operation: Operation,
    operands: Value[],
    width: Width,
    position: SourcePosition | null = null,
  ): Value {
    return new Value(this.nextValue++, operation, operands, width, position);
  }

  makeConstant(bits: bigint | number, width: Width): Value {
    return this.makeValue({ op: 'constant', bits: BigInt.asUintN(width, BigInt(bits)) }, [], width);
  }
}

/**
 * A program and the subprograms that it calls: what is written to a file and specialised at load
 * time.
 */
export interface IrProgram {
  readonly name: string;
  /** @alias BPF_PROG_TYPE_* */
  readonly programType: number;
  /** What the kernel wants to know when it loads a program of some types. @alias BPF_* */
  readonly attachType?: number;
  /** The function, tracepoint or hook of the kernel that it is attached to, by its name. */
  readonly attachTarget?: string;
  readonly license: string;
  /** The program first. */
  readonly functions: IrFunction[];
}

const floating: ReadonlySet<Operation['op']> = new Set([
  ...(['constant', 'map', 'mapValue', 'slot', 'loadTime', 'function', 'kernelField'] as const),
]);

/** Stands in no block: made again at each use. */
export function isFloating(value: Value): boolean {
  const { op } = value.operation;
  return floating.has(op);
}

/** Whether it calls a helper, a subprogram or a function of the kernel. */
export function isCall(operation: Operation): operation is CallOperation {
  const { op } = operation;
  return op === 'call' || op === 'callSubprogram' || op === 'callKernelFunction';
}

/** The value that `value` was replaced by, if it was. */
export function resolve(value: Value): Value {
  let last = value;
  while (last.replacement) last = last.replacement;
  return last;
}

/** Where the end of `block` may lead; a branch's true side first. */
export function successors(block: Block): Block[] {
  const end = block.terminator;
  if (end?.kind === 'jump') return [end.to];
  return end?.kind === 'branch' ? [end.ifTrue, end.ifFalse] : [];
}

/** One of the two successors that a block may have, `null` where it has fewer. */
export function followerAt(block: Block, index: number): Block | null {
  const end = block.terminator;
  if (end?.kind === 'branch') return index === 0 ? end.ifTrue : end.ifFalse;
  return end?.kind === 'jump' && index === 0 ? end.to : null;
}
