/** Random programs on one value of 64 bytes: numbers of some range move a pointer into it. */
import * as asm from '../asm/build.ts';
import { type Instruction, r0, r1, r10, r2, registers } from '../asm/instruction.ts';
import type { MapShape } from '../object.ts';
import { Chance } from './random-program.ts';

/** The map of the value. */
export const rangeMap: MapShape = {
  ...{ name: 'ranges', kind: 'hash', keySize: 4, valueSize: 64, maxEntries: 4, flags: 0 },
};
const [r6, r7] = [registers[6]!, registers[7]!];
const STEPS = 6;

/** An XDP program; r6 is the pointer, r7 the number. */
export function randomRanges(seed: number): Instruction[] {
  const chance = new Chance(seed);
  const end = [asm.mov64(r0, 2), asm.exit()];
  return [
    asm.store(4, r10, -4, 1),
    asm.loadMap(r1),
    asm.mov64(r2, r10),
    asm.add64(r2, -4),
    asm.callHelper(1),
    asm.branch('ne', 64, r0, 0, 2),
    ...end,
    asm.mov64(r6, r0),
    load(chance),
    ...Array.from({ length: STEPS }, () => step(chance)).flat(),
    ...end,
  ];
}

function load(chance: Chance): Instruction {
  const size = chance.of([1, 1, 1, 2, 4, 8] as const);
  const isSigned = size < 8 && chance.below(8) === 0;
  const offset = 8 * chance.below(4);
  return isSigned
    ? asm.loadSigned(size as 1 | 2 | 4, r7, r0, offset)
    : asm.load(size, r7, r0, offset);
}

function step(chance: Chance): Instruction[] {
  const width = chance.of([32, 64, 64] as const);
  switch (chance.below(9)) {
    case 0:
    case 1:
      return [asm.arithmetic('and', width, r7, chance.of([1, 7, 15, 31, 63, 6, 127, -1]))];
    case 2:
      return [asm.arithmetic('shr', width, r7, chance.of([1, 3, 4, 8]))];
    case 3:
      return [asm.arithmetic(chance.of(['add', 'mul', 'shl', 'or']), width, r7, chance.below(4))];
    case 4: {
      const comparison = chance.of(['gt', 'ge', 'lt', 'le', 'eq', 'sgt'] as const);
      const end = [asm.mov64(r0, 2), asm.exit()];
      return [asm.branch(comparison, width, r7, chance.of([0, 7, 31, 255, 300]), 2), ...end];
    }
    case 5:
      return [asm.add64(r6, r7)];
    case 6:
      return [asm.add64(r6, chance.of([1, 8, -1, 32]))];
    default:
      return [asm.load(chance.of([1, 4, 8] as const), r1, r6, chance.of([0, 0, 8, 40, 57]))];
  }
}
