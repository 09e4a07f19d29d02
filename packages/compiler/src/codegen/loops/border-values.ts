/** What crosses the border between a function and a loop that was taken out of it. */
import { type Block, type IrFunction, isFloating, type Slot, type Value } from '../../ir/ir.ts';
import { phisOf } from '../../optimiser/edit.ts';
import type { BlockWriter } from './block-writer.ts';
import { CallerCells } from './caller-cells.ts';
import { findNeeded } from './needed-values.ts';
import type { NaturalLoop } from './natural-loop.ts';

const cellBytes = 8;

/** What `BorderValues` has to know of the loop besides its blocks. */
export interface Border {
  /** The one block that the loop is entered from. */
  readonly before: Block;
  /** The blocks that the loop is left to, each from one block of it. */
  readonly landings: readonly Block[];
  /** Whether the function was a loop's body: its first block reads its caller's cells. */
  readonly isBody: boolean;
}

/**
 * Values and the cells that they cross in; cell 0 is for the number of the way out. What is needed
 * after the loop has no cell of its own where it lies in one already, or is needed only where
 * another way out was taken.
 */
export class BorderValues {
  private readonly phis: readonly Value[];
  /** From before the loop; of the stack's objects those that are used outside it too. */
  private readonly inputs: readonly Value[];
  /** Of the loop, used after it. */
  readonly outputs: readonly Value[];
  /** By landing, what is needed there. */
  readonly needed: ReadonlyMap<Block, readonly Value[]>;
  /** The address of the cells, in the function that the loop stood in. */
  readonly state: Value;
  private readonly cells = new Map<Value, number>();
  private readonly callerCells: CallerCells;

  constructor(made: IrFunction, loop: NaturalLoop, { before, landings, isBody }: Border) {
    const outside = made.blocks.filter((block) => !loop.blocks.has(block));
    const entering = loop.head.predecessors.indexOf(before);
    const usedInside = usedIn([...loop.blocks], (user, index) => {
      const isEntry = user.operation.op === 'phi' && user.block === loop.head;
      return !(isEntry && index === entering);
    });
    const usedOutside = usedIn(outside, () => true);
    this.phis = phisOf(loop.head);
    const initials = this.phis.map((phi) => phi.operands[entering]!);
    const sharedSlots = new Set([...usedOutside, ...initials].flatMap(slotOf));
    const isShared = (value: Value): boolean => slotOf(value).some((slot) => sharedSlots.has(slot));
    const values = [...usedInside].filter((value) => {
      return isFloating(value) ? isShared(value) : !loop.blocks.has(value.block!);
    });
    const inputs = values.filter((value, index) => {
      const [slot] = slotOf(value);
      return !slot || values.findIndex((each) => slotOf(each)[0] === slot) === index;
    });
    this.callerCells = new CallerCells(isBody ? made.blocks[0]! : null, inputs);
    this.inputs = this.callerCells.others;
    this.outputs = [...usedOutside].filter((value) => loop.blocks.has(value.block!));
    this.needed = findNeeded(this.outputs, outside, landings);
    const count = this.layOut();
    this.state = made.makeValue(
      { op: 'slot', slot: { name: 'loop', size: count * cellBytes } },
      [],
      64,
    );
  }

  /** Gives each value its cell; the number of cells. */
  private layOut(): number {
    let count = 1;
    for (const value of [...this.phis, ...this.inputs]) this.cells.set(value, count++);
    const first = count;
    for (const value of this.outputs) {
      if (this.cells.has(value)) continue;
      const others = [...this.needed.values()].filter((each) => each.includes(value)).flat();
      // A number and what may be a pointer never share: the kernel tells them apart by their cells.
      const taken = new Set(
        this.outputs
          .filter((each) => others.includes(each) || each.width !== value.width)
          .map((each) => this.cells.get(each)),
      );
      let cell = first;
      while (taken.has(cell)) cell++;
      this.cells.set(value, cell);
      count = Math.max(count, cell + 1);
    }
    return count;
  }

  private offsetOf(value: Value): number {
    return this.cells.get(value)! * cellBytes;
  }

  savePhis(writer: BlockWriter, state: Value, next: readonly Value[]): void {
    this.phis.forEach((phi, index) => {
      if (next[index] !== phi) writer.save(state, this.offsetOf(phi), next[index]!);
    });
  }

  saveInputs(writer: BlockWriter, state: Value): void {
    for (const each of this.inputs) writer.save(state, this.offsetOf(each), each);
  }

  /**
   * Fills the cells of numbers that are needed after the loop with one that the verifier does not
   * know. It then finds nothing new in what the ways out leave behind, in whatever order it takes
   * them turn after turn. Gives that number, which is of no way out.
   */
  saveUnknown(writer: BlockWriter, state: Value): Value {
    const address = writer.made.makeValue(
      { op: 'slot', slot: { name: 'hidden', size: 8 } },
      [],
      64,
    );
    const hidden = writer.put({ op: 'hidden' }, [address], 64);
    const numbers = this.outputs.filter((each) => each.width === 32 && !this.phis.includes(each));
    const unknown = writer.put({ op: 'truncate' }, [hidden], 32);
    for (const cell of new Set(numbers.map((each) => this.offsetOf(each)))) {
      writer.save(state, cell, unknown);
    }
    return hidden;
  }

  /** A phi lies there already, but the verifier may have learned of it on the way out. */
  saveOutput(writer: BlockWriter, state: Value, value: Value): void {
    writer.save(state, this.offsetOf(value), value);
  }

  restoreOutput(writer: BlockWriter, state: Value, value: Value): Value {
    return writer.restore(state, this.offsetOf(value), value.width);
  }

  /** @throws Error for another value of the head: when the turns are used up, nothing ran it */
  restorePhi(writer: BlockWriter, state: Value, value: Value): Value {
    if (!this.phis.includes(value))
      throw new Error('loop: its head computes what is used after it');
    return this.restoreOutput(writer, state, value);
  }

  /** By value outside: the value inside. */
  restoreInputs(writer: BlockWriter, state: Value): Map<Value, Value> {
    const inside = new Map<Value, Value>();
    for (const each of [...this.phis, ...this.inputs]) {
      inside.set(each, this.restoreOutput(writer, state, each));
    }
    this.callerCells.readAgain(writer, inside);
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
