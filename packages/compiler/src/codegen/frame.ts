/**
 * The stack frame: slots and spilled registers whose lives do not overlap share its bytes.
 */
import { CompileError } from '../ir/compile-error.ts';
import { BitRow } from './bit-row.ts';
import type { SlotObject } from './frame-use.ts';
import { Accesses, type Ranges } from './live-ranges.ts';
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

/** The first and the last instruction of a block that name an object. */
type Touch = [first: number, last: number];
type Touched = ReadonlyMap<FrameObject, Touch>;

/**
 * For each object the instructions between which it holds something; instruction n is [n, n + 1).
 */
function findLives(made: MachineFunction, starts: number[], end: number): Map<FrameObject, Ranges> {
  const touched = made.blocks.map((block) => findTouched(block, starts[block.index]!));
  const lives = new Map<FrameObject, Ranges>();
  for (const objects of touched) for (const object of objects.keys()) lives.set(object, []);
  if (lives.size === 0) return lives;
  const after = findNeededAfter(made.blocks, touched, [...lives.keys()]);
  const before = findTouchedBefore(made.blocks, touched, after);
  for (const block of made.blocks) {
    const { index, instructions } = block;
    const start = starts[index]!;
    if (touched[index]!.size + after[index]!.size === 0) continue;
    const present = new Set([...touched[index]!.keys(), ...after[index]!]);
    for (const object of present) {
      const [first, last] = touched[index]!.get(object) ?? [end, -1];
      const isLiveAfter = after[index]!.has(object);
      const isLiveBefore = before.get(object)?.has(block) && (isLiveAfter || last >= 0);
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

const untouched: Touched = new Map();

function findTouched(block: MachineBlock, start: number): Touched {
  let touched: Map<FrameObject, Touch> | undefined;
  block.instructions.forEach(({ frame, touches }, index) => {
    if (!frame && !touches) return;
    touched ??= new Map();
    const place = start + index;
    for (const object of namedBy(frame, touches)) {
      const known = touched.get(object);
      if (known) known[1] = place;
      else touched.set(object, [place, place]);
    }
  });
  return touched ?? untouched;
}

const nothing: ReadonlySet<FrameObject> = new Set();

/** By block index: the objects that something behind the block still reads. */
function findNeededAfter(
  blocks: readonly MachineBlock[],
  touched: readonly Touched[],
  objects: readonly FrameObject[],
): ReadonlySet<FrameObject>[] {
  const local = findLocal(touched);
  const numbers = new Map(objects.map((object, number) => [object, number]));
  const accesses = new Accesses(objects.length);
  for (const block of blocks) {
    if (touched[block.index]!.size === 0) continue;
    for (const { frame, touches, operation } of block.instructions) {
      for (const object of namedBy(frame, touches)) {
        const number = numbers.get(object)!;
        // Only a spill is known to be written whole.
        if (object.isSpill && operation === 'store') accesses.write(number, block);
        else if (!local.has(object)) accesses.read(number, block);
      }
    }
  }
  return accesses
    .neededAfter(blocks)
    .map((list) => (list.length > 0 ? new Set(list.map((number) => objects[number]!)) : nothing));
}

const none: readonly FrameObject[] = [];

function namedBy(
  frame: FrameObject | null,
  touches: readonly FrameObject[] | null,
): readonly FrameObject[] {
  if (!touches) return frame ? [frame] : none;
  return frame && !touches.includes(frame) ? [frame, ...touches] : touches;
}

/**
 * Slots that one block alone names. Even in a loop they hold nothing when the block begins: in the
 * first round what they hold would be undefined.
 */
function findLocal(touched: readonly Touched[]): Set<FrameObject> {
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
 * The blocks before which some path has named an object. Followed only as far as the object is
 * needed again.
 */
function findTouchedBefore(
  blocks: readonly MachineBlock[],
  touched: readonly Touched[],
  needed: readonly ReadonlySet<FrameObject>[],
): Map<FrameObject, Set<MachineBlock>> {
  const touchedBefore = new Map<FrameObject, Set<MachineBlock>>();
  for (const block of blocks) {
    for (const object of touched[block.index]!.keys()) {
      const before = touchedBefore.get(object) ?? new Set();
      touchedBefore.set(object, before);
      const work = [block];
      for (let next = work.pop(); next; next = work.pop()) {
        if (!needed[next.index]!.has(object)) continue;
        for (const after of next.successors) {
          if (before.has(after)) continue;
          before.add(after);
          work.push(after);
        }
      }
    }
  }
  return touchedBefore;
}
