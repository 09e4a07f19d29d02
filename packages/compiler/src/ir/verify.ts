/**
 * Checks the invariants of the IR. Run after every pass, it names the pass that broke one.
 *
 * - Blocks end; predecessor lists are the edges; nothing jumps to the entry; a branch has two
 *   targets.
 * - Phis come first in their block and have one operand per predecessor.
 * - Constants, maps, slots and load-time constants stand in no block, all else stands in one.
 * - An operand dominates its use (for a phi: the end of the predecessor).
 * - Widths fit the operation.
 */
import { placesOf } from './depth-first.ts';
import { DominatorTree } from './dominators.ts';
import {
  type Block,
  followerAt,
  type IrFunction,
  isCall,
  isFloating,
  type Operation,
  successors,
  type Value,
} from './ir.ts';
import { printBlockName, printValue } from './print.ts';

/** @throws Error that names the function, what was done last (`after`), and the value or block. */
export function verifyFunction(made: IrFunction, after: string): void {
  new Verifier(made, after).verify();
}

class Verifier {
  /** The place of each value in its block, by value id; -1 for one that stands in no block. */
  private readonly places: Int32Array;
  private readonly dominators: DominatorTree;

  constructor(
    private readonly made: IrFunction,
    private readonly after: string,
  ) {
    if (made.blocks.length === 0) this.fail('no block');
    this.verifyEdges();
    this.places = new Int32Array(made.valueLimit).fill(-1);
    this.dominators = new DominatorTree(made);
  }

  verify(): void {
    for (const block of this.made.blocks) this.place(block);
    for (const block of this.made.blocks) {
      if (!this.dominators.isReachable(block)) continue;
      for (const value of block.values) this.verifyValue(value, block);
      this.verifyEnd(block);
    }
  }

  private fail(detail: string): never {
    throw new Error(`verify ${this.made.name}: after ${this.after}: ${detail}`);
  }

  private verifyEdges(): void {
    const { blocks, blockLimit } = this.made;
    const places = placesOf(blocks, this.made);
    /** How many edges lead to a block, by block id. */
    const edgeCounts = new Int32Array(blockLimit);
    for (const block of blocks) {
      if (!block.terminator) this.fail(`${printBlockName(block)} has no end`);
      const next = successors(block);
      if (next.length === 2 && next[0] === next[1]) {
        this.fail(`${printBlockName(block)} branches to one block`);
      }
      for (const each of next) {
        const isThere = blocks[places[each.id] ?? -1] === each;
        if (!isThere) {
          const [from, to] = [block, each].map(printBlockName);
          this.fail(`${from} leads to ${to}, which is gone`);
        }
        edgeCounts[each.id]!++;
      }
    }
    /** The last block that each one was found to lead to, by block id. */
    const listedBy = new Int32Array(blockLimit).fill(-1);
    for (const block of blocks) {
      const isEdge = (before: Block): boolean => {
        const isListed = listedBy[before.id] === block.id;
        listedBy[before.id] = block.id;
        const isThere = blocks[places[before.id] ?? -1] === before;
        return isThere && !isListed && leadsTo(before, block);
      };
      const { predecessors } = block;
      if (predecessors.length === edgeCounts[block.id] && predecessors.every(isEdge)) continue;
      this.failEdges(block);
    }
    const [entry] = this.made.blocks;
    if (entry!.predecessors.length > 0) this.fail('the entry has predecessors');
  }

  private failEdges(block: Block): never {
    const want = this.made.blocks.filter((each) => leadsTo(each, block));
    const lists = [block.predecessors, want];
    const [found, expected] = lists.map((list) => list.map(printBlockName).join(' '));
    this.fail(`${printBlockName(block)} has predecessors ${found}, expected ${expected}`);
  }

  private place(block: Block): void {
    let isAtStart = true;
    block.values.forEach((value, index) => {
      const isPhi = value.operation.op === 'phi';
      if (isPhi && !isAtStart) this.fail(`phi ${printValue(value)} stands behind other values`);
      isAtStart = isPhi;
      if (isFloating(value)) this.fail(`${printValue(value)} stands in a block`);
      if (this.places[value.id] !== -1) this.fail(`${printValue(value)} stands in two places`);
      if (value.block !== block) this.fail(`${printValue(value)} does not know its block`);
      if (value.replacement) this.fail(`${printValue(value)} was replaced and still stands`);
      this.places[value.id] = index;
    });
  }

  private verifyValue(value: Value, block: Block): void {
    if (value.operation.op === 'phi') {
      this.verifyPhi(value, block);
      return;
    }
    const problem = widthProblem(value);
    if (problem) this.fail(`${printValue(value)}: ${problem}`);
    const place = this.places[value.id]!;
    for (const operand of value.operands) this.verifyUse(operand, block, place, value);
  }

  private verifyPhi(phi: Value, block: Block): void {
    const { operands } = phi;
    if (operands.length !== block.predecessors.length) {
      this.fail(
        `${printValue(phi)}: ${operands.length} operands, expected ${block.predecessors.length}`,
      );
    }
    operands.forEach((operand, index) => {
      if (operand.width !== phi.width) this.fail(`${printValue(phi)}: widths differ`);
      const from = block.predecessors[index]!;
      if (this.dominators.isReachable(from)) this.verifyUse(operand, from, Infinity, phi);
    });
  }

  /** `operand` must be known before instruction `place` of `block`. */
  private verifyUse(operand: Value, block: Block, place: number, user: Value | null): void {
    if (operand.replacement) this.failUse(operand, block, user, 'was replaced');
    if (isFloating(operand)) return;
    const at = this.places[operand.id] ?? -1;
    if (operand.block?.values[at] !== operand) this.failUse(operand, block, user, 'stands nowhere');
    const isKnown =
      operand.block === block ? at < place : this.dominators.dominates(operand.block!, block);
    if (!isKnown) this.failUse(operand, block, user, 'is not known there');
  }

  private failUse(operand: Value, block: Block, user: Value | null, problem: string): never {
    const use = user ? `by ${printValue(user)}` : `at the end of ${printBlockName(block)}`;
    this.fail(`${printValue(operand)}, used ${use}, ${problem}`);
  }

  private verifyEnd(block: Block): void {
    const end = block.terminator!;
    if (end.kind === 'return') this.verifyUse(end.value, block, Infinity, null);
    if (end.kind !== 'branch') return;
    this.verifyUse(end.left, block, Infinity, null);
    this.verifyUse(end.right, block, Infinity, null);
    if (end.left.width !== end.width || end.right.width !== end.width) {
      this.fail(`${printBlockName(block)} compares ${end.left.width} with ${end.right.width} bits`);
    }
  }
}

function leadsTo(from: Block, to: Block): boolean {
  return followerAt(from, 0) === to || followerAt(from, 1) === to;
}

/** Operand widths by operation; 0 stands for the result's, -1 for any. */
const operandWidths: Readonly<Record<string, readonly number[]>> = {
  context: [],
  parameter: [],
  neg: [0],
  byteSwap: [0],
  zeroExtend: [32],
  signExtend: [32],
  truncate: [64],
  load: [64],
  hidden: [64],
  store: [64, -1],
  atomicAdd: [64, -1],
  atomicFetch: [64, 0],
  turn: [],
};

function expectedWidths(operation: Operation): readonly number[] {
  if (operation.op === 'atomicFetch' && operation.operator === 'compareExchange') return [64, 0, 0];
  return operandWidths[operation.op] ?? [0, 0];
}

function widthProblem(value: Value): string | null {
  const { operation, operands, width } = value;
  const { op } = operation;
  if (isCall(operation)) {
    if (operands.length > 5) return `${operands.length} arguments, at most 5`;
    return operands.every((each) => each.width === 64) ? null : 'arguments must have 64 bits';
  }
  const expected = expectedWidths(operation);
  if (operands.length !== expected.length) {
    return `${operands.length} operands, expected ${expected.length}`;
  }
  const wrong = operands.findIndex((operand, index) => {
    const want = expected[index]! || width;
    return want !== -1 && operand.width !== want;
  });
  if (wrong >= 0) return `operand ${wrong} has ${operands[wrong]!.width} bits`;
  const isWide = op === 'context' || op === 'parameter' || op === 'zeroExtend';
  if ((isWide || op === 'signExtend') && width !== 64) return 'must have 64 bits';
  if ((op === 'truncate' || op === 'turn') && width !== 32) return 'must have 32 bits';
  if (op === 'byteSwap' && operation.bits > width) return `swaps ${operation.bits} bits`;
  return accessProblem(value);
}

function accessProblem(value: Value): string | null {
  const { operation, operands, width } = value;
  if (!('access' in operation)) return null;
  const { size } = operation.access;
  if (size === 8 && width !== 64) return '8 bytes must have 64 bits';
  const isAtomic = operation.op === 'atomicAdd' || operation.op === 'atomicFetch';
  if (isAtomic && size < 4) return `${size} bytes, expected 4 or 8`;
  if (operation.op !== 'load' && size === 8 && operands[1]!.width !== 64) {
    return '8 bytes of a value of 32 bits';
  }
  return null;
}
