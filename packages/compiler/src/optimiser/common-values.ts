/**
 * Computes each value once: one that a dominating block has computed already is used again, and so
 * is what a load or store left in memory, as long as nothing can have changed it. Along the way,
 * branches on something that a dominating branch has decided become jumps.
 *
 * Where paths meet, memory holds what it holds on all of them; at the head of a loop nothing is
 * known. A call makes the packet and maps unknown (keeping their loads across calls would cost
 * registers that survive calls), and the stack too, because helpers write to it. The packet
 * pointers of the context stay the same until a call moves the packet; the verifier then wants them
 * loaded again.
 */
import { negated } from '../ir/comparison.ts';
import { DominatorTree } from '../ir/dominators.ts';
import {
  type Block,
  type Branch,
  type IrFunction,
  isCall,
  resolve,
  type Space,
  type Value,
} from '../ir/ir.ts';
import { removePredecessor, removeUnreachable, resolveIn, resolveOperands } from './edit.ts';
import { ExpressionKeys } from './expression-keys.ts';
import { KnownBits } from './known-bits.ts';
import { MemoryTable } from './memory-table.ts';

const hasNoEffect = new Set<string>([
  ...['add', 'sub', 'mul', 'div', 'mod', 'and', 'or', 'xor', 'shl', 'shr', 'sar', 'neg'],
  ...['byteSwap', 'zeroExtend', 'signExtend', 'truncate'],
]);

/** Whether anything changed. */
export function findCommonValues(made: IrFunction): boolean {
  return new CommonValues(made).run();
}

/**
 * A block to visit; or, without a block, the end of a block's subtree, with how much was to be
 * undone when it was entered.
 */
interface Step {
  readonly block: Block | null;
  readonly undoCount: number;
}

class CommonValues {
  private readonly tree: DominatorTree;
  private readonly keys: ExpressionKeys;
  /** By what they compute: values, and for comparisons whether they hold. */
  private readonly known = new Map<number, Value | boolean>();
  private readonly bits: KnownBits;
  private readonly isContextStable: boolean;
  /** By block id: what memory holds at its end; `undefined` for a block that was not visited. */
  private readonly left: (MemoryTable | undefined)[];
  /** The keys that were remembered on the way to this block, and what was known by each before. */
  private readonly undoKeys: number[] = [];
  private readonly undoValues: (Value | boolean | undefined)[] = [];
  private isChanged = false;

  constructor(private readonly made: IrFunction) {
    this.tree = new DominatorTree(made);
    this.keys = new ExpressionKeys(made.valueLimit);
    this.bits = new KnownBits(made);
    this.left = new Array<MemoryTable | undefined>(made.blockLimit).fill(undefined);
    this.isContextStable = made.blocks.every((block) => !block.values.some(changesContext));
  }

  run(): boolean {
    const steps: Step[] = [{ block: this.made.blocks[0]!, undoCount: 0 }];
    for (let step = steps.pop(); step; step = steps.pop()) {
      if (step.block) this.enter(step.block, steps);
      else this.forget(step.undoCount);
    }
    if (!this.isChanged) return false;
    resolveOperands(this.made);
    removeUnreachable(this.made);
    return true;
  }

  /** Until no more than `undoCount` are left to be undone. */
  private forget(undoCount: number): void {
    while (this.undoKeys.length > undoCount) {
      const key = this.undoKeys.pop()!;
      const before = this.undoValues.pop();
      if (before === undefined) this.known.delete(key);
      else this.known.set(key, before);
    }
  }

  private remember(key: number, value: Value | boolean): void {
    this.undoKeys.push(key);
    this.undoValues.push(this.known.get(key));
    this.known.set(key, value);
  }

  private enter(block: Block, steps: Step[]): void {
    const undoCount = this.undoKeys.length;
    const memory = this.memoryAt(block);
    this.left[block.id] = memory;
    this.learnFromBranch(block);
    if (block.values.length > 0) {
      block.values = block.values.filter((value) => this.visit(value, memory));
    }
    this.decideBranch(block);
    steps.push({ block: null, undoCount });
    const children = this.tree.children(block);
    // The first comes first: where paths meet, all of them have been walked.
    for (let index = children.length - 1; index >= 0; index--) {
      steps.push({ block: children[index]!, undoCount: 0 });
    }
  }

  /** What memory holds when control comes to `block`. */
  private memoryAt({ predecessors }: Block): MemoryTable {
    const [first, ...others] = predecessors.map((before) => this.left[before.id]);
    if (!first) return new MemoryTable();
    const memory = first.copy();
    for (const other of others) memory.keepCommon(other);
    return memory;
  }

  /** Whether `value` stays. */
  private visit(value: Value, memory: MemoryTable): boolean {
    resolveIn(value.operands);
    const found = this.findEqual(value, memory);
    if (found && found.width === value.width) {
      value.replacement = found;
      this.isChanged = true;
      return false;
    }
    this.bits.learn(value);
    return true;
  }

  private findEqual(value: Value, memory: MemoryTable): Value | null {
    const { operation, operands } = value;
    if (hasNoEffect.has(operation.op)) {
      return this.findKnown(this.keys.ofOperation(value), value);
    }
    switch (operation.op) {
      case 'load': {
        // Whoever reads it again wants to know what others have written meanwhile, here and around.
        if (operation.access.isAtomic) memory.clear();
        if (operation.access.isAtomic) return null;
        const isContext = isOfContext(operation.access.space);
        if (!isContext || !this.isContextStable || value.width !== 64) {
          return memory.load(operands[0]!, operation.access, value);
        }
        return this.findKnown(this.keys.ofContextLoad(operands[0]!, operation.access), value);
      }
      case 'store': {
        if (operation.access.isAtomic) memory.clear();
        if (operation.access.isAtomic) return null;
        const stored = operands[1]!;
        const ones = this.bits.possibleOnes(stored);
        memory.store(operands[0]!, operation.access, stored, ones);
        return null;
      }
      case 'atomicAdd':
        memory.forget(operands[0]!, operation.access);
        return null;
      case 'atomicFetch':
      case 'call':
      case 'callSubprogram':
      case 'callKernelFunction':
        memory.clear();
        return null;
      default:
        return null;
    }
  }

  private findKnown(key: number, value: Value): Value | null {
    const known = this.known.get(key);
    if (known !== undefined) return known as Value;
    this.remember(key, value);
    return null;
  }

  /** What must hold for control to come here from the only predecessor. */
  private learnFromBranch(block: Block): void {
    if (block.predecessors.length !== 1) return;
    const end = block.predecessors[0]!.terminator!;
    if (end.kind !== 'branch') return;
    const holds = end.ifTrue === block;
    const left = resolve(end.left);
    const right = resolve(end.right);
    this.remember(this.keys.ofComparison(end.comparison, left, right), holds);
    this.remember(this.keys.ofComparison(negated[end.comparison], left, right), !holds);
  }

  private decideBranch(block: Block): void {
    const end = block.terminator!;
    if (end.kind !== 'branch') return;
    const outcome = this.outcomeOf(end);
    if (outcome === undefined) return;
    removePredecessor(outcome ? end.ifFalse : end.ifTrue, block);
    block.terminator = { kind: 'jump', to: outcome ? end.ifTrue : end.ifFalse };
    this.isChanged = true;
  }

  private outcomeOf(end: Branch): boolean | undefined {
    const key = this.keys.ofComparison(end.comparison, resolve(end.left), resolve(end.right));
    return this.known.get(key) as boolean | undefined;
  }
}

function changesContext(value: Value): boolean {
  const { operation } = value;
  if (isCall(operation)) return operation.movesPacket;
  const isWrite = 'access' in operation && operation.op !== 'load';
  return isWrite && (isOfContext(operation.access.space) || operation.access.space === 'any');
}

function isOfContext(space: Space): boolean {
  return space === 'context' || space === 'packetBounds';
}
