/** What the tables of refused programs are made of. */
import * as asm from '../asm/build.ts';
import { encode } from '../asm/encode.ts';
import { type Instruction, r0, r1, r10, r2, r3, r6, r7, r8 } from '../asm/instruction.ts';
import type { MapShape, ProgramObject } from '../object.ts';

/** A rule. */
export interface RuleCase {
  readonly rule: string;
  readonly refused: ProgramObject;
  /** What the checker says. */
  readonly says: RegExp;
  readonly accepted: ProgramObject;
}

/** @source BPF_PROG_TYPE_*, include/uapi/linux/bpf.h */
export const [SOCKET_FILTER, TC, XDP, CGROUP_SKB, SOCK_ADDR, SOCKET_LOOKUP] = [1, 3, 6, 8, 18, 30];
/** A hash with values of 8 bytes. */
export const table: MapShape = {
  ...{ name: 'table', kind: 'hash', keySize: 4, valueSize: 8, maxEntries: 4, flags: 0 },
};
/** A ring buffer. */
export const ring: MapShape = {
  ...{ name: 'ring', kind: 'ringBuffer', keySize: 0, valueSize: 0, maxEntries: 4096, flags: 0 },
};

/** A program whose addresses are those of `map`. */
export function program(
  instructions: readonly Instruction[],
  programType = XDP,
  map: MapShape = table,
  rest: Partial<ProgramObject> = {},
): ProgramObject {
  let slot = 0;
  const mapReferences = instructions.flatMap((instruction) => {
    const isWide = instruction.kind === 'loadConstant';
    const isMap = isWide && instruction.from !== 'value' && instruction.from !== 'code';
    const reference = isMap ? [{ instruction: slot, map: map.name }] : [];
    slot += isWide ? 2 : 1;
    return reference;
  });
  return {
    ...{ name: 'rule', programType, license: 'GPL', code: encode(instructions) },
    ...{ maps: mapReferences.length > 0 ? [map] : [], mapReferences },
    ...{ functions: [{ instruction: 0, name: 'rule' }], lines: [], stackBytes: 64 },
    ...rest,
  };
}

/** Returns 2. */
export const end = [asm.mov64(r0, 2), asm.exit()];
/** Looks for 1 in the map. */
export const lookup = [
  asm.store(4, r10, -4, 1),
  asm.loadMap(r1),
  asm.mov64(r2, r10),
  asm.add64(r2, -4),
  asm.callHelper(1),
];
/** `r0` is the value, or the program ends. */
export const found = [...lookup, asm.branch('ne', 64, r0, 0, 2), ...end];
/** `r7` is the packet, which has so many bytes; `r6` is the context. */
export function bounds(
  bytes: number,
  { data, dataEnd, result } = { data: 0, dataEnd: 4, result: 2 },
): Instruction[] {
  return [
    asm.mov64(r6, r1),
    asm.load(4, r7, r1, data),
    asm.load(4, r8, r1, dataEnd),
    asm.mov64(r2, r7),
    asm.add64(r2, bytes),
    asm.branch('le', 64, r2, r8, 2),
    asm.mov64(r0, result),
    asm.exit(),
  ];
}
/** `r6` is a record of 16 bytes, or the program ends. */
export const reserve = [
  asm.loadMap(r1),
  asm.mov64(r2, 16),
  asm.mov64(r3, 0),
  asm.callHelper(131),
  asm.branch('ne', 64, r0, 0, 2),
  ...end,
  asm.mov64(r6, r0),
];
/** Submits `r6`. */
export const submit = [asm.mov64(r1, r6), asm.mov64(r2, 0), asm.callHelper(132)];
