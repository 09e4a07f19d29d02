/** Small programs for tests. */
import { encode } from '../asm/encode.ts';
import type { Instruction } from '../asm/instruction.ts';
import type { MapShape, ProgramObject } from '../object.ts';

/** BPF_PROG_TYPE_XDP. */
export const XDP_TYPE = 6;
/** BPF_PROG_TYPE_SCHED_CLS. */
export const TC_TYPE = 3;

/** A program of these instructions; each load of a map names, in order, one of `maps`. */
export function sampleProgram(
  instructions: readonly Instruction[],
  maps: readonly MapShape[] = [],
  more: Partial<ProgramObject> = {},
): ProgramObject {
  const mapReferences: { instruction: number; map: string }[] = [];
  let slot = 0;
  for (const instruction of instructions) {
    if (instruction.kind === 'loadConstant' && instruction.from === 'mapByDescriptor') {
      mapReferences.push({ instruction: slot, map: maps[Number(instruction.value)]!.name });
    }
    slot += instruction.kind === 'loadConstant' ? 2 : 1;
  }
  return {
    name: 'sample',
    programType: XDP_TYPE,
    license: 'GPL',
    code: encode(instructions),
    maps,
    mapReferences,
    functions: [{ instruction: 0, name: 'sample' }],
    lines: [],
    stackBytes: 512,
    ...more,
  };
}

/** 0, 1, 2, ... */
export function countingBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index);
}
