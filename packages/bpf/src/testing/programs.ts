/** For the tests of this package: small programs, written by hand. */
import {
  asm,
  encode,
  type Instruction,
  type MapShape,
  type ProgramObject,
  r0,
  r1,
  r2,
  r3,
  r4,
  r10,
} from '@skep/bytecode';
import { BpfProgramType } from '@skep/sys';
import { explainMissing, type Feature } from '../features.ts';
import { canUseBpf } from '../permission.ts';

/** Why BPF cannot be used here; false where it can. For the `skip` of a test. */
export const cannotUseBpf: string | false = canUseBpf() ?? false;

/** Why a test of a feature cannot run here; false where it can. For the `skip` of a test. */
export function cannotUse(feature: Feature): string | false {
  return cannotUseBpf || (explainMissing(feature) ?? false);
}

/** A program; every 16-byte load in it takes the address of the one map. */
export function program(
  programType: number,
  instructions: readonly Instruction[],
  map?: MapShape,
): ProgramObject {
  let at = 0;
  const mapReferences = instructions.flatMap((instruction) => {
    const isLoad = instruction.kind === 'loadConstant';
    const reference = isLoad && map ? [{ instruction: at, map: map.name }] : [];
    at += isLoad ? 2 : 1;
    return reference;
  });
  return {
    name: 'trial',
    programType,
    license: 'GPL',
    code: encode(instructions),
    maps: map ? [map] : [],
    mapReferences,
    functions: [{ instruction: 0, name: 'trial' }],
    lines: [{ instruction: 0, file: 'src/trial.ts', line: 7, column: 3, text: 'return verdict;' }],
    stackBytes: 8,
  };
}

/** Ends with one result, such as an `XdpAction`. */
export function returning(programType: number, result: number): ProgramObject {
  return program(programType, [asm.mov64(r0, result), asm.exit()]);
}

const RINGBUF_OUTPUT = 130;
const TAIL_CALL = 12;

/** Sends the 8 bytes of a number through a ring buffer; returns what the helper returns. */
export function reporting(number: number, ring: MapShape): ProgramObject {
  return program(
    BpfProgramType.XDP,
    [
      asm.store(8, r10, -8, number),
      asm.loadMap(r1),
      asm.mov64(r2, r10),
      asm.add64(r2, -8),
      asm.mov64(r3, 8),
      asm.mov64(r4, 0),
      asm.callHelper(RINGBUF_OUTPUT),
      asm.exit(),
    ],
    ring,
  );
}

/** Jumps to a slot of a program array; returns 0 where that is empty. */
export function jumping(slot: number, array: MapShape): ProgramObject {
  return program(
    BpfProgramType.XDP,
    [asm.loadMap(r2), asm.mov64(r3, slot), asm.callHelper(TAIL_CALL), asm.mov64(r0, 0), asm.exit()],
    array,
  );
}

const MAP_LOOKUP = 1;

/** Adds 1 to the first value, 8 bytes, of an array map and ends with a result. */
export function counting(programType: number, result: number, array: MapShape): ProgramObject {
  return program(
    programType,
    [
      asm.store(4, r10, -4, 0),
      asm.loadMap(r1),
      asm.mov64(r2, r10),
      asm.add64(r2, -4),
      asm.callHelper(MAP_LOOKUP),
      asm.branch('eq', 64, r0, 0, 2),
      asm.mov64(r1, 1),
      asm.atomic('add', 8, r0, 0, r1),
      asm.mov64(r0, result),
      asm.exit(),
    ],
    array,
  );
}

/** The array that {@link counting} counts in. */
export const counterShape: MapShape = {
  name: 'counter',
  kind: 'array',
  keySize: 4,
  valueSize: 8,
  maxEntries: 1,
  flags: 0,
};
