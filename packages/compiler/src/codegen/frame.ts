/**
 * The stack frame: slots and spilled registers whose lives do not overlap share its bytes.
 */
import { CompileError } from '../ir/compile-error.ts';
import { BitRow } from './bit-row.ts';
import type { SlotObject } from './frame-use.ts';
import { type Ranges, walkUp } from './live-ranges.ts';
import type { FrameObject, MachineBlock, MachineFunction } from './machine.ts';

/** @source MAX_BPF_STACK, include/linux/filter.h */
export const stackLimitBytes = 512;

/**
 * Sets the offset of every object that is named; gives the size of the frame in bytes.
 * @throws CompileError when it is larger than the kernel allows, with what takes the room.
 */
export function layOutFrame(made: MachineFunction): number {
  const starts: number[] = [];
  let end = 0;
  for (const block of made.blocks) {
    starts.push(end);
    end += block.instructions.length;
  }
  const lives = findLives(made, starts, end);
  const objects = [...lives.keys()].sort((left, right) => right.size - left.size);
  const rows: BitRow[] = [];
  for (const object of objects) {
    const words = Math.max(1, Math.ceil(object.size / 8));
    const first = findRoom(rows, lives.get(object)!, words);
    for (let word = first; word < first + words; word++) {
      rows[word] ??= new BitRow(end);
      eachRange(lives.get(object)!, (from, to) => rows[word]!.addRange(from, to));
    }
    object.offset = -8 * (first + words);
  }
  const bytes = 8 * rows.length;
  if (bytes > stackLimitBytes) refuse(made, objects, bytes);
  return bytes;
}

function refuse(made: MachineFunction, objects: readonly FrameObject[], bytes: number): never {
  const slots = objects.filter((object) => !object.isSpill).slice(0, 4);
  const listed = slots.map((object) => `${object.name} ${object.size}`);
  const spillCount = objects.filter((object) => object.isSpill).length;
  if (spillCount > 0) listed.push(`${spillCount} spilled values of 8`);
  throw new CompileError(
    `stack of ${made.name}: ${bytes} bytes, at most ${stackLimitBytes}: ` +
      `largest ${listed.join(', ')} (keep large records in a per-CPU array)`,
    made.position,
  );
}

function eachRange(ranges: Ranges, visit: (from: number, to: number) => void): void {
  for (let index = 0; index < ranges.length; index += 2) visit(ranges[index]!, ranges[index + 1]!);
}

/** The first of `words` neighbouring rows that are free during `life`. */
function findRoom(rows: readonly BitRow[], life: Ranges, words: number): number {
  const isFree = (row: BitRow): boolean => {
    for (let index = 0; index < life.length; index += 2) {
      if (row.meetsRange(life[index]!, life[index + 1]!)) return false;
    }
    return true;
  };
  let free = 0;
  for (let word = 0; word < rows.length; word++) {
    free = isFree(rows[word]!) ? free + 1 : 0;
    if (free === words) return word - words + 1;
  }
  return rows.length - free;
}

/**
 * For each object the instructions between which it holds something; instruction n is [n, n + 1).
 */
function findLives(made: MachineFunction, starts: number[], end: number): Map<FrameObject, Ranges> {
  const touched = made.blocks.map(() => new Map<FrameObject, [number, number]>());
  const exposed = made.blocks.map(() => new Set<FrameObject>());
  const written = made.blocks.map(() => new Set<FrameObject>());
  const lives = new Map<FrameObject, Ranges>();
  for (const block of made.blocks) {
    const { index } = block;
    scan(block, starts[index]!, touched[index]!, exposed[index]!, written[index]!);
    for (const object of touched[index]!.keys()) lives.set(object, []);
  }
  const local = findLocal(touched);
  exposed.forEach((objects, index) => {
    exposed[index] = new Set([...objects].filter((object) => !local.has(object)));
  });
  const after = walkUp(made.blocks, exposed, written);
  const before = findTouchedBefore(made.blocks, touched, after);
  for (const { index, instructions } of made.blocks) {
    const start = starts[index]!;
    const present = new Set([...touched[index]!.keys(), ...after[index]!]);
    for (const object of present) {
      const [first, last] = touched[index]!.get(object) ?? [end, -1];
      const isLiveAfter = after[index]!.has(object);
      const isLiveBefore = before[index]!.has(object) && (isLiveAfter || last >= 0);
      const from = isLiveBefore ? start : first;
      const to = isLiveAfter ? start + instructions.length : last + 1;
      if (from < to) lives.get(object)!.push(from, to);
    }
  }
  for (const [object, ranges] of lives) {
    if ((object as SlotObject).escapes) ranges.splice(0, ranges.length, 0, end);
  }
  return lives;
}

/** What a block names, by its first and last instruction, and what of it was there before. */
function scan(
  block: MachineBlock,
  start: number,
  touched: Map<FrameObject, [number, number]>,
  exposed: Set<FrameObject>,
  written: Set<FrameObject>,
): void {
  block.instructions.forEach((each, index) => {
    for (const object of namedBy(each.frame, each.touches)) {
      const known = touched.get(object);
      if (known) known[1] = start + index;
      else touched.set(object, [start + index, start + index]);
      // Only a spill is known to be written whole.
      const isWhole = object.isSpill && each.operation === 'store';
      if (isWhole) written.add(object);
      else if (!written.has(object)) exposed.add(object);
    }
  });
}

function namedBy(
  frame: FrameObject | null,
  touches: readonly FrameObject[] | null,
): readonly FrameObject[] {
  if (!touches) return frame ? [frame] : [];
  return frame && !touches.includes(frame) ? [frame, ...touches] : touches;
}

/**
 * Slots that one block alone names. Even in a loop they hold nothing when the block begins: in the
 * first round what they hold would be undefined.
 */
function findLocal(touched: readonly Map<FrameObject, unknown>[]): Set<FrameObject> {
  const seen = new Set<FrameObject>();
  const local = new Set<FrameObject>();
  for (const objects of touched) {
    for (const object of objects.keys()) {
      if (seen.has(object) || object.isSpill) local.delete(object);
      else local.add(object);
      seen.add(object);
    }
  }
  return local;
}

/**
 * By block index: the objects that some path has named before the block begins. Followed only as
 * far as they are needed again.
 */
function findTouchedBefore(
  blocks: readonly MachineBlock[],
  touched: readonly Map<FrameObject, unknown>[],
  needed: readonly Set<FrameObject>[],
): Set<FrameObject>[] {
  const before = blocks.map(() => new Set<FrameObject>());
  for (const block of blocks) {
    for (const object of touched[block.index]!.keys()) {
      const work = [block];
      for (let next = work.pop(); next; next = work.pop()) {
        if (!needed[next.index]!.has(object)) continue;
        for (const after of next.successors) {
          if (before[after.index]!.has(object)) continue;
          before[after.index]!.add(object);
          work.push(after);
        }
      }
    }
  }
  return before;
}
