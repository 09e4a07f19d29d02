/**
 * Machine code before it has addresses: two-address instructions on registers without number.
 *
 * Registers 0 to 10 are the machine's own (10 is the frame pointer), higher numbers are virtual and
 * may be written several times. Physical registers live within one block only.
 */
import type { GlobalParameter, MapShape } from '@skep/bytecode';
import type {
  BinaryOperator,
  FetchOperator,
  KernelFieldName,
  SourcePosition,
  Width,
} from '../ir/ir.ts';
import type { BranchComparison } from './bit-tests.ts';

/** The register that points at the end of the stack frame. */
export const FRAME_POINTER = 10;
/** Registers 0 to this one: a call leaves nothing of what was in them. */
export const LAST_SCRATCH = 5;
/** Registers from here on are virtual. */
export const FIRST_VIRTUAL = 11;

/** An object on the stack: one of the program's slots, or the home of a spilled register. */
export interface FrameObject {
  readonly name: string;
  readonly size: number;
  /**
   * Spills are read and written whole by single instructions, so that their life is exactly known.
   */
  readonly isSpill: boolean;
  /** Bytes from the frame pointer; 0 until the frame is laid out. */
  offset: number;
}

/**
 * - `move` d = s; `move32` d = low half of s; `moveImmediate` d = immediate; `moveWide` d = bits
 * - `mapAddress` d = &map; `mapValueAddress` d = &map[0]; `functionAddress` d = &subprogram;
 *   `frameAddress` d = &frame + offset
 * - `alu` d op= s; `aluImmediate` d op= immediate; `negate` d = -d; `byteSwap` d, immediate bits
 * - `load` d = *(s + offset); `store`, `atomicAdd` *(d + offset), s; `storeImmediate`
 * - `atomicFetch` d = *(s + offset), which becomes what d and the fetch operator say;
 *   `compareExchange` of register 0 with *(d + offset), which becomes s where they are equal:
 *   register 0 = what was there
 * - `branch` d, s; `branchImmediate` d, immediate; `mayGoto` when the loop must be left; `jump`;
 *   `exit`
 * - `call` immediate = helper, or `subprogram` or `kernelFunction`; takes registers 1 to
 *   `argumentCount`
 */
export type MachineOperation =
  | 'move'
  | 'move32'
  | 'moveImmediate'
  | 'moveWide'
  | 'mapAddress'
  | 'mapValueAddress'
  | 'functionAddress'
  | 'frameAddress'
  | 'alu'
  | 'aluImmediate'
  | 'negate'
  | 'byteSwap'
  | 'load'
  | 'store'
  | 'storeImmediate'
  | 'atomicAdd'
  | 'atomicFetch'
  | 'compareExchange'
  | 'call'
  | 'jump'
  | 'branch'
  | 'branchImmediate'
  | 'mayGoto'
  | 'exit';

/** One instruction; which fields count is said by its operation. */
export class MachineInstruction {
  destination = -1;
  source = -1;
  immediate = 0;
  offset = 0;
  size: 1 | 2 | 4 | 8 = 8;
  width: Width = 64;
  operator: BinaryOperator = 'add';
  fetchOperator: FetchOperator = 'add';
  comparison: BranchComparison = 'eq';
  target: MachineBlock | null = null;
  /** What a base register of FRAME_POINTER means. */
  frame: FrameObject | null = null;
  /** The slots that this may read or write, or whose address it handles. */
  touches: readonly FrameObject[] | null = null;
  bits = 0n;
  map: MapShape | null = null;
  subprogram: string | null = null;
  kernelFunction: string | null = null;
  /** Of a kernel function, as its author has declared it. */
  resultBytes: number | undefined;
  /** What a `moveWide` without bits stands for; what a `load` adds to its offset. */
  kernelField: KernelFieldName | null = null;
  argumentCount = 0;

  constructor(
    readonly operation: MachineOperation,
    readonly position: SourcePosition | null,
  ) {}
}

/** Instructions that run one after the other; jumps and branches stand at the end. */
export class MachineBlock {
  instructions: MachineInstruction[] = [];
  successors: MachineBlock[] = [];
  predecessors: MachineBlock[] = [];

  /** `index` is the place in the function's list of blocks. */
  constructor(
    public index: number,
    readonly loopDepth: number,
  ) {}
}

/** One function: blocks in the order in which they will lie in memory, the entry first. */
export interface MachineFunction {
  readonly name: string;
  readonly global: readonly GlobalParameter[] | null;
  readonly position: SourcePosition | null;
  blocks: MachineBlock[];
  registerCount: number;
  /**
   * Registers that packet pointers are moved by: kept off the stack where that can be. Before Linux
   * 6.8 the verifier does not see that a number on the stack was compared in its register, and
   * knows a pointer that it moves by no bounds.
   */
  readonly offsets: ReadonlySet<number>;
}

/** Whether `destination` is written. */
export function definesDestination(instruction: MachineInstruction): boolean {
  switch (instruction.operation) {
    case 'store':
    case 'storeImmediate':
    case 'atomicAdd':
    case 'compareExchange':
    case 'branch':
    case 'branchImmediate':
    case 'mayGoto':
    case 'jump':
    case 'exit':
    case 'call':
      return false;
    default:
      return true;
  }
}

/** Whether `destination` is read. */
export function usesDestination(instruction: MachineInstruction): boolean {
  switch (instruction.operation) {
    case 'alu':
    case 'aluImmediate':
    case 'negate':
    case 'byteSwap':
    case 'store':
    case 'storeImmediate':
    case 'atomicAdd':
    case 'atomicFetch':
    case 'compareExchange':
    case 'branch':
    case 'branchImmediate':
      return true;
    default:
      return false;
  }
}

const twoUnits: ReadonlySet<MachineOperation> = new Set([
  'moveWide',
  'mapAddress',
  'mapValueAddress',
  'functionAddress',
  'frameAddress',
]);

/** How many 8-byte units the instruction takes. */
export function lengthOf(instruction: MachineInstruction): number {
  const { operation } = instruction;
  return twoUnits.has(operation) ? 2 : 1;
}

/** From how many places each block is gone to; the start of the function is one. */
export function countWays(blocks: readonly MachineBlock[]): ReadonlyMap<MachineBlock, number> {
  const ways = new Map([[blocks[0]!, 1]]);
  for (const { instructions } of blocks) {
    for (const { target } of instructions) {
      if (target) ways.set(target, (ways.get(target) ?? 0) + 1);
    }
  }
  return ways;
}
