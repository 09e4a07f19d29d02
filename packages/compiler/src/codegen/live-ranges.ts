/**
 * Where each register holds something that is still needed.
 *
 * Instruction n of the function reads at position 2n and writes at 2n + 1, so that an instruction's
 * result may take the register of an operand that ends there. Ranges are half open, sorted, apart.
 */
import {
  definesDestination,
  FIRST_VIRTUAL,
  FRAME_POINTER,
  type MachineBlock,
  LAST_SCRATCH,
  type MachineFunction,
  type MachineInstruction,
  usesDestination,
} from './machine.ts';

/** [from, to, from, to, ...] */
export type Ranges = number[];

/** The live ranges of all registers of a function. */
export interface LiveRanges {
  /** By register, physical ones included. */
  readonly ranges: Ranges[];
  /** One more than the highest position. */
  readonly end: number;
  /** Position of each block's first instruction. */
  readonly starts: number[];
}

/** The positions at which each register is needed. */
export function computeLiveRanges(made: MachineFunction): LiveRanges {
  const liveOut = computeLiveOut(made);
  const starts: number[] = [];
  let end = 0;
  for (const block of made.blocks) {
    starts.push(end);
    end += 2 * block.instructions.length;
  }
  const builder = new RangeBuilder(made.registerCount);
  for (let index = made.blocks.length - 1; index >= 0; index--) {
    const block = made.blocks[index]!;
    builder.addBlock(block, starts[index]!, liveOut[index]!);
  }
  return { ranges: builder.finish(), end, starts };
}

/** By block index: the virtual registers that a successor needs. */
export function computeLiveOut(made: MachineFunction): number[][] {
  const accesses = new Accesses(made.registerCount);
  for (const block of made.blocks) {
    block.instructions.forEach((each) => {
      const { source, destination } = each;
      if (source >= FIRST_VIRTUAL) accesses.read(source, block);
      if (destination < FIRST_VIRTUAL) return;
      if (usesDestination(each)) accesses.read(destination, block);
      if (definesDestination(each)) accesses.write(destination, block);
    });
  }
  return accesses.neededAfter(made.blocks);
}

/**
 * Which blocks read a thing before they write it, and which write it. Things are numbers; to be
 * told of block after block, each from its first instruction to its last.
 */
export class Accesses {
  /** By thing; `undefined` for one that is only read after it was written in the same block. */
  private readonly readers: (MachineBlock[] | undefined)[] = [];
  private readonly writers: (MachineBlock[] | undefined)[] = [];
  /** By thing: the index of the last block that did, -1 for none. */
  private readonly readIn: Int32Array;
  private readonly writtenIn: Int32Array;

  constructor(private readonly thingCount: number) {
    this.readIn = new Int32Array(thingCount).fill(-1);
    this.writtenIn = new Int32Array(thingCount).fill(-1);
  }

  read(thing: number, block: MachineBlock): void {
    if (this.writtenIn[thing] === block.index || this.readIn[thing] === block.index) return;
    this.readIn[thing] = block.index;
    addTo(this.readers, thing, block);
  }

  write(thing: number, block: MachineBlock): void {
    if (this.writtenIn[thing] === block.index) return;
    this.writtenIn[thing] = block.index;
    addTo(this.writers, thing, block);
  }

  /**
   * By block index: what is needed at the block's end. Each thing is walked up from its readers, so
   * that the cost is the size of the answer.
   */
  neededAfter(blocks: readonly MachineBlock[]): number[][] {
    const needed: number[][] = blocks.map(() => []);
    /** By block index: the last thing that is needed after it, and the last that ends there. */
    const neededLast = new Int32Array(blocks.length).fill(-1);
    const endsLast = new Int32Array(blocks.length).fill(-1);
    for (let thing = 0; thing < this.thingCount; thing++) {
      const readers = this.readers[thing];
      if (!readers) continue;
      for (const block of readers) endsLast[block.index] = thing;
      for (const block of this.writers[thing] ?? []) endsLast[block.index] = thing;
      const work = [...readers];
      for (let next = work.pop(); next; next = work.pop()) {
        next.predecessors.forEach((before) => {
          if (neededLast[before.index] === thing) return;
          neededLast[before.index] = thing;
          needed[before.index]!.push(thing);
          if (endsLast[before.index] !== thing) work.push(before);
        });
      }
    }
    return needed;
  }
}

function addTo<T>(lists: (T[] | undefined)[], index: number, item: T): void {
  const known = lists[index];
  if (known) known.push(item);
  else lists[index] = [item];
}

/** Walks backwards over the whole function; ranges are collected last first. */
class RangeBuilder {
  private readonly reversed: Ranges[] = [];
  /** Where the range that is being walked ends; -1 where the register is not live. */
  private readonly open: Int32Array;
  private readonly live = new Set<number>();

  constructor(registerCount: number) {
    for (let register = 0; register < registerCount; register++) this.reversed.push([]);
    this.open = new Int32Array(registerCount).fill(-1);
  }

  addBlock(block: MachineBlock, start: number, liveOut: readonly number[]): void {
    const { instructions } = block;
    const end = start + 2 * instructions.length;
    for (const register of liveOut) this.use(register, end);
    for (let index = instructions.length - 1; index >= 0; index--) {
      this.addInstruction(instructions[index]!, start + 2 * index);
    }
    for (const register of this.live) {
      this.close(register, start);
      this.open[register] = -1;
    }
    this.live.clear();
  }

  private addInstruction(each: MachineInstruction, position: number): void {
    const { source, destination } = each;
    if (each.operation === 'call') {
      for (let register = 0; register <= LAST_SCRATCH; register++) {
        this.define(register, position + 1);
      }
      for (let register = 1; register <= each.argumentCount; register++) {
        this.use(register, position + 1);
      }
      return;
    }
    if (each.operation === 'exit') this.use(0, position + 1);
    if (each.operation === 'compareExchange') this.use(0, position + 2);
    const isRead = usesDestination(each);
    if (definesDestination(each)) {
      if (isRead) this.use(destination, position + 2);
      else this.define(destination, position + 1);
    } else if (isRead) {
      this.use(destination, position + 1);
    }
    if (source >= 0) this.use(source, position + 1);
  }

  private use(register: number, end: number): void {
    if (register === FRAME_POINTER || this.open[register] !== -1) return;
    this.open[register] = end;
    this.live.add(register);
  }

  private define(register: number, position: number): void {
    if (this.open[register] === -1) this.open[register] = position + 1;
    this.close(register, position);
    this.open[register] = -1;
    this.live.delete(register);
  }

  private close(register: number, from: number): void {
    const ranges = this.reversed[register]!;
    const to = this.open[register]!;
    if (ranges.length > 0 && ranges[ranges.length - 1] === to) ranges[ranges.length - 1] = from;
    else ranges.push(to, from);
  }

  finish(): Ranges[] {
    for (const ranges of this.reversed) ranges.reverse();
    return this.reversed;
  }
}

/** Whether two sets of ranges have a position in common. */
export function rangesMeet(left: Ranges, right: Ranges): boolean {
  let a = 0;
  let b = 0;
  while (a < left.length && b < right.length) {
    if (left[a + 1]! <= right[b]!) a += 2;
    else if (right[b + 1]! <= left[a]!) b += 2;
    else return true;
  }
  return false;
}

/** The union of two sets of ranges that have no position in common. */
export function mergeRanges(left: Ranges, right: Ranges): Ranges {
  const merged: Ranges = [];
  let a = 0;
  let b = 0;
  while (a < left.length || b < right.length) {
    const isLeft = b >= right.length || (a < left.length && left[a]! < right[b]!);
    const from = isLeft ? left[a]! : right[b]!;
    const to = isLeft ? left[a + 1]! : right[b + 1]!;
    if (isLeft) a += 2;
    else b += 2;
    if (merged[merged.length - 1] === from) merged[merged.length - 1] = to;
    else merged.push(from, to);
  }
  return merged;
}
