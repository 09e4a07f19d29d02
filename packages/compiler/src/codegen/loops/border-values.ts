/** What crosses the border between a function and a loop that was taken out of it. */
import { type Block, type IrFunction, isFloating, type Slot, type Value } from '../../ir/ir.ts';
import { phisOf } from '../../optimiser/edit.ts';
import type { BlockWriter } from './block-writer.ts';
import type { NaturalLoop } from './natural-loop.ts';

const cellBytes = 8;

/** Values and the cells that they cross in; cell 0 is for the number of the way out. */
export class BorderValues {
  private readonly phis: readonly Value[];
  /** From before the loop; of the stack's objects those that are used outside it too. */
  private readonly inputs: readonly Value[];
  /** Of the loop, used after it. */
  readonly outputs: readonly Value[];
  /** The address of the cells, in the function that the loop stood in. */
  readonly state: Value;

  constructor(made: IrFunction, loop: NaturalLoop) {
    const outside = made.blocks.filter((block) => !loop.blocks.has(block));
    const entering = loop.entries.map((entry) => loop.head.predecessors.indexOf(entry));
    const usedInside = usedIn([...loop.blocks], (user, index) => {
      const isEntry = user.operation.op === 'phi' && user.block === loop.head;
      return !(isEntry && entering.includes(index));
    });
    const usedOutside = usedIn(outside, () => true);
    this.phis = phisOf(loop.head);
    const sharedSlots = new Set([...usedOutside, ...this.initials(entering)].flatMap(slotOf));
    const isShared = (value: Value): boolean => slotOf(value).some((slot) => sharedSlots.has(slot));
    const values = [...usedInside].filter((value) => {
      return isFloating(value) ? isShared(value) : !loop.blocks.has(value.block!);
    });
    this.inputs = values.filter((value, index) => {
      const [slot] = slotOf(value);
      return !slot || values.findIndex((each) => slotOf(each)[0] === slot) === index;
    });
    this.outputs = [...usedOutside].filter((value) => loop.blocks.has(value.block!));
    const count = 1 + this.phis.length + this.inputs.length + this.outputs.length;
    const slot: Slot = { name: 'loop', size: count * cellBytes };
    this.state = made.makeValue({ op: 'slot', slot }, [], 64);
  }

  private initials(entering: readonly number[]): Value[] {
    return this.phis.flatMap((phi) => entering.map((index) => phi.operands[index]!));
  }

  private cellOf(list: readonly Value[], value: Value): number {
    const lists = [this.phis, this.inputs, this.outputs];
    const before = lists.slice(0, lists.indexOf(list));
    const first = 1 + before.reduce((sum, each) => sum + each.length, 0);
    return (first + list.indexOf(value)) * cellBytes;
  }

  savePhis(writer: BlockWriter, state: Value, next: readonly Value[]): void {
    this.phis.forEach((phi, index) => {
      if (next[index] !== phi) writer.save(state, this.cellOf(this.phis, phi), next[index]!);
    });
  }

  saveInputs(writer: BlockWriter, state: Value): void {
    for (const each of this.inputs) writer.save(state, this.cellOf(this.inputs, each), each);
  }

  saveOutput(writer: BlockWriter, state: Value, value: Value): void {
    writer.save(state, this.cellOf(this.outputs, value), value);
  }

  restoreOutput(writer: BlockWriter, state: Value, value: Value): Value {
    return writer.restore(state, this.cellOf(this.outputs, value), value.width);
  }

  /** @throws Error for another value of the head: when the turns are used up, nothing ran it */
  restorePhi(writer: BlockWriter, state: Value, value: Value): Value {
    if (!this.phis.includes(value))
      throw new Error('loop: its head computes what is used after it');
    return writer.restore(state, this.cellOf(this.phis, value), value.width);
  }

  /** By value outside: the value inside. */
  restoreInputs(writer: BlockWriter, state: Value): Map<Value, Value> {
    const inside = new Map<Value, Value>();
    for (const list of [this.phis, this.inputs]) {
      for (const each of list) {
        inside.set(each, writer.restore(state, this.cellOf(list, each), each.width));
      }
    }
    return inside;
  }

  /** Makes the blocks use what is inside. */
  substitute(blocks: readonly Block[], inside: ReadonlyMap<Value, Value>): void {
    const bySlot = new Map<Slot, Value>();
    for (const [value, found] of inside) for (const slot of slotOf(value)) bySlot.set(slot, found);
    const replace = (value: Value): Value => {
      const [slot] = slotOf(value);
      return inside.get(value) ?? (slot && bySlot.get(slot)) ?? value;
    };
    for (const block of blocks) {
      for (const value of block.values) value.operands = value.operands.map(replace);
      const end = block.terminator;
      if (end?.kind === 'branch') {
        block.terminator = { ...end, left: replace(end.left), right: replace(end.right) };
      } else if (end?.kind === 'return') {
        block.terminator = { ...end, value: replace(end.value) };
      }
    }
  }
}

function slotOf({ operation }: Value): Slot[] {
  return operation.op === 'slot' ? [operation.slot] : [];
}

/** The values that these blocks use, as far as `counts` says so of a value's operand. */
function usedIn(
  blocks: readonly Block[],
  counts: (user: Value, index: number) => boolean,
): Set<Value> {
  const used = new Set<Value>();
  for (const { values, terminator } of blocks) {
    for (const user of values) {
      user.operands.forEach((operand, index) => {
        if (counts(user, index)) used.add(operand);
      });
    }
    if (terminator?.kind === 'return') used.add(terminator.value);
    if (terminator?.kind === 'branch') used.add(terminator.left).add(terminator.right);
  }
  return used;
}
