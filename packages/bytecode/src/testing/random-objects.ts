/** Random programs with their maps, most of them such that no kernel loads them. */
import type { ProgramObject } from '../object.ts';
import { lookupMaps, randomLookups } from './random-lookups.ts';
import { randomRanges, rangeMap } from './random-ranges.ts';
import { sampleProgram, TC_TYPE } from './sample-program.ts';

/** Of a family, the program of a seed. */
export const randomObjects: Readonly<Record<string, (seed: number) => ProgramObject>> = {
  lookups: (seed) => sampleProgram(randomLookups(seed), lookupMaps, { programType: TC_TYPE }),
  ranges: (seed) => sampleProgram(randomRanges(seed), [rangeMap]),
};
