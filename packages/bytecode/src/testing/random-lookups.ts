/**
 * Random programs that look keys up and use what they find, near the bounds and beyond: engines
 * must agree on what they may do, and on what each map holds afterwards.
 */
import * as asm from '../asm/build.ts';
import {
  type Instruction,
  type Register,
  r0,
  r1,
  r10,
  r2,
  r3,
  r4,
  registers,
} from '../asm/instruction.ts';
import type { MapShape } from '../object.ts';
import { Chance } from './random-program.ts';

const plain = { maxEntries: 3, flags: 0 };
/** Of every kind that generated code looks up by itself, and one that it does not. */
export const lookupMaps: readonly MapShape[] = [
  { ...plain, name: 'numbers', kind: 'array', keySize: 4, valueSize: 24 },
  { ...plain, name: 'counters', kind: 'perCpuArray', keySize: 4, valueSize: 12 },
  { ...plain, name: 'table', kind: 'hash', keySize: 4, valueSize: 16 },
  { ...plain, name: 'shares', kind: 'perCpuHash', keySize: 8, valueSize: 8 },
  { ...plain, name: 'recent', kind: 'lruHash', keySize: 7, valueSize: 20, maxEntries: 2 },
  { ...plain, name: 'prefixes', kind: 'lpmTrie', keySize: 8, valueSize: 8, flags: 1 },
];
/** The map whose keys differ in their last byte. */
const RECENT = 4;
/** Of the program: context, packet, two values. */
const [r6, r7, r8, r9] = [registers[6]!, registers[7]!, registers[8]!, registers[9]!];
const STEPS = 28;
const LOOKUP = 1;
const UPDATE = 2;
const DELETE = 3;
const PULL_DATA = 39;

/** A TC program; each load of a map is of `lookupMaps`, by index. */
export function randomLookups(seed: number): Instruction[] {
  const chance = new Chance(seed);
  const steps = Array.from({ length: STEPS }, () => step(chance));
  const start = [
    asm.mov64(r6, r1),
    asm.load(4, r7, r1, 76),
    // Entries of arrays exist always.
    ...[0, 1].flatMap((map) => [
      ...keyOf(map, 1),
      asm.callHelper(LOOKUP),
      asm.mov64([r8, r9][map]!, r0),
    ]),
  ];
  const all = steps.flatMap((each, index) => {
    const ahead = steps[index + 1];
    if (!ahead || chance.below(3) > 0) return each;
    // Around the next step, or not.
    const left = chance.of([r8, r9, r7]);
    const skip = asm.branch(
      chance.of(['eq', 'ne', 'gt']),
      64,
      left,
      chance.of([0, 1]),
      slots(ahead),
    );
    return [...each, skip];
  });
  return [...start, ...all, asm.mov64(r0, 0), asm.exit()];
}

function slots(instructions: readonly Instruction[]): number {
  return instructions.reduce((sum, { kind }) => sum + (kind === 'loadConstant' ? 2 : 1), 0);
}

function step(chance: Chance): Instruction[] {
  switch (chance.below(10)) {
    case 0:
    case 1: {
      const found = chance.of([r8, r9]);
      const isChecked = chance.below(8) > 0;
      const skip = isChecked ? [asm.branch('eq', 64, r0, 0, 1)] : [];
      return [...key(chance), asm.callHelper(LOOKUP), ...skip, asm.mov64(found, r0)];
    }
    case 2:
      return [...key(chance), ...valueInStack(chance), asm.callHelper(UPDATE)];
    case 3:
      return [...key(chance), asm.callHelper(DELETE)];
    case 4:
      if (chance.below(2) > 0) return [asm.callHelper(8)];
      return [
        asm.mov64(r1, r6),
        asm.mov64(r2, 40),
        asm.callHelper(PULL_DATA),
        ...(chance.below(5) > 0 ? [asm.load(4, r7, r6, 76)] : []),
      ];
    case 5: {
      const by = chance.of([-4, 0, 1, 8, 16]);
      const back = chance.of([-by, -by, -by, 0]);
      return [asm.mov64(r3, chance.of([r7, r8, r9])), asm.add64(r3, by), access(chance, r3, back)];
    }
    default:
      return [access(chance, chance.of([r7, r8, r9]), 0)];
  }
}

/** A load into r4, or a store; mostly where there is something. */
function access(chance: Chance, base: Register, from: number): Instruction {
  const size = chance.of([1, 2, 4, 8] as const);
  const offset = from + (chance.below(40) === 0 ? chance.of([-1, 9, 21, 60]) : chance.below(6));
  if (chance.below(2) === 0) return asm.load(size, r4, base, offset);
  return asm.store(size, base, offset, chance.of([7, r8]));
}

/** Of one of the maps: on the stack, in the packet or in a value. */
function key(chance: Chance): Instruction[] {
  const index = chance.of([0, 1, 2, 3, 4, 4, 4, 5]);
  const map = asm.loadMap(r1, index);
  const where = chance.below(12);
  const at = chance.below(8) === 0 ? chance.below(70) : chance.below(8);
  if (where === 0) return [map, asm.mov64(r2, r7), asm.add64(r2, at)];
  if (where === 1) return [map, asm.mov64(r2, chance.of([r8, r9])), asm.add64(r2, at)];
  return keyOf(index, chance.below(chance.below(6) === 0 ? 4 : 3));
}

function keyOf(index: number, low: number): Instruction[] {
  // A prefix begins with its length.
  const isPrefix = lookupMaps[index]!.kind === 'lpmTrie';
  return [
    asm.store(8, r10, -8, isPrefix ? 32 : 0),
    asm.store(4, r10, isPrefix ? -4 : -8, index === RECENT ? low >> 1 : low),
    asm.store(1, r10, -2, index === RECENT ? low & 1 : 0),
    asm.loadMap(r1, index),
    asm.mov64(r2, r10),
    asm.add64(r2, -8),
  ];
}

function valueInStack(chance: Chance): Instruction[] {
  return [
    asm.store(8, r10, -32, chance.below(100)),
    asm.mov64(r3, r10),
    asm.add64(r3, -32),
    asm.mov64(r4, chance.of([0, 0, 0, 1, 2])),
  ];
}
