// tidy: table: programs, one for each rule of the verifier
/**
 * Programs that the kernel's verifier refuses, one for each rule that the checker knows too, each
 * with a program next to it that is accepted.
 */
import * as asm from '../asm/build.ts';
import { encode } from '../asm/encode.ts';
import { type Instruction, r0, r1, r10, r2, r3, r4, r6, r7, r8, r9 } from '../asm/instruction.ts';
import type { MapShape, ProgramObject } from '../object.ts';

/** A rule. */
export interface RuleCase {
  readonly rule: string;
  readonly refused: ProgramObject;
  /** What the checker says. */
  readonly says: RegExp;
  readonly accepted: ProgramObject;
}

const XDP = 6;
const TC = 3;
const table: MapShape = {
  ...{ name: 'table', kind: 'hash', keySize: 4, valueSize: 8, maxEntries: 4, flags: 0 },
};
const ring: MapShape = {
  ...{ name: 'ring', kind: 'ringBuffer', keySize: 0, valueSize: 0, maxEntries: 4096, flags: 0 },
};

function program(
  instructions: readonly Instruction[],
  programType = XDP,
  map: MapShape = table,
): ProgramObject {
  let slot = 0;
  const mapReferences = instructions.flatMap((instruction) => {
    const isMap = instruction.kind === 'loadConstant';
    const reference = isMap ? [{ instruction: slot, map: map.name }] : [];
    slot += isMap ? 2 : 1;
    return reference;
  });
  return {
    ...{ name: 'rule', programType, license: 'GPL', code: encode(instructions) },
    ...{ maps: mapReferences.length > 0 ? [map] : [], mapReferences },
    ...{ functions: [{ instruction: 0, name: 'rule' }], lines: [], stackBytes: 64 },
  };
}

const end = [asm.mov64(r0, 2), asm.exit()];
const lookup = [
  asm.store(4, r10, -4, 1),
  asm.loadMap(r1),
  asm.mov64(r2, r10),
  asm.add64(r2, -4),
  asm.callHelper(1),
];
const found = [...lookup, asm.branch('ne', 64, r0, 0, 2), ...end];
const bounds = (bytes: number): Instruction[] => [
  asm.mov64(r6, r1),
  asm.load(4, r7, r1, 0),
  asm.load(4, r8, r1, 4),
  asm.mov64(r2, r7),
  asm.add64(r2, bytes),
  asm.branch('le', 64, r2, r8, 2),
  ...end,
];
const reserve = [
  asm.loadMap(r1),
  asm.mov64(r2, 16),
  asm.mov64(r3, 0),
  asm.callHelper(131),
  asm.branch('ne', 64, r0, 0, 2),
  ...end,
  asm.mov64(r6, r0),
];
const submit = [asm.mov64(r1, r6), asm.mov64(r2, 0), asm.callHelper(132)];

/** Each function calls the next. */
function chain(length: number): Instruction[] {
  return Array.from({ length }, () => [asm.callSubprogram(1), asm.exit()]).flat();
}

/** All of them. */
export const ruleCases: readonly RuleCase[] = [
  {
    rule: 'a register is written before it is read',
    refused: program([asm.mov64(r0, r3), asm.exit()]),
    says: /R3 !read_ok/,
    accepted: program([asm.mov64(r3, 2), asm.mov64(r0, r3), asm.exit()]),
  },
  {
    rule: 'the result is written before the end',
    refused: program([asm.exit()]),
    says: /R0 !read_ok/,
    accepted: program(end),
  },
  {
    rule: 'calls lose their arguments',
    refused: program([asm.mov64(r2, 1), asm.callHelper(5), asm.mov64(r0, r2), asm.exit()]),
    says: /R2 !read_ok/,
    accepted: program([asm.mov64(r6, 1), asm.callHelper(5), asm.mov64(r0, r6), asm.exit()]),
  },
  {
    rule: 'a value that was looked up may be null',
    refused: program([...lookup, asm.load(8, r1, r0, 0), ...end]),
    says: /R0 invalid mem access 'map_value_or_null'/,
    accepted: program([...found, asm.load(8, r1, r0, 0), ...end]),
  },
  {
    rule: 'a null that is known is no address',
    refused: program([
      ...lookup,
      asm.branch('eq', 64, r0, 0, 2),
      ...end,
      asm.load(8, r1, r0, 0),
      ...end,
    ]),
    says: /R0 invalid mem access 'scalar'/,
    accepted: program([...lookup, asm.branch('eq', 64, r0, 0, 1), asm.load(8, r1, r0, 0), ...end]),
  },
  {
    rule: 'the copy that was compared is the one that is known',
    refused: program([
      ...lookup,
      asm.mov64(r6, r0),
      ...lookup,
      asm.branch('ne', 64, r0, 0, 2),
      ...end,
      asm.load(8, r1, r6, 0),
      ...end,
    ]),
    says: /R6 invalid mem access 'map_value_or_null'/,
    accepted: program([
      ...lookup,
      asm.mov64(r6, r0),
      asm.branch('ne', 64, r0, 0, 2),
      ...end,
      asm.load(8, r1, r6, 0),
      ...end,
    ]),
  },
  {
    rule: 'an access lies within the value',
    refused: program([...found, asm.load(8, r1, r0, 4), ...end]),
    says: /invalid access to map value, value_size=8 off=4 size=8/,
    accepted: program([...found, asm.load(4, r1, r0, 4), ...end]),
  },
  {
    rule: 'a pointer is compared with null before it is moved',
    refused: program([...lookup, asm.add64(r0, 4), ...end]),
    says: /null-check it first/,
    accepted: program([...found, asm.add64(r0, 4), asm.load(4, r1, r0, 0), ...end]),
  },
  {
    rule: 'the packet is compared with its end',
    refused: program([asm.load(4, r2, r1, 0), asm.load(1, r0, r2, 0), asm.exit()]),
    says: /invalid access to packet, off=0 size=1, R2\(r=0\)/,
    accepted: program([...bounds(14), asm.load(1, r0, r7, 13), ...end]),
  },
  {
    rule: 'no byte is read beyond those that were compared',
    refused: program([...bounds(14), asm.load(4, r0, r7, 12), ...end]),
    says: /invalid access to packet, off=12 size=4, R7/,
    accepted: program([...bounds(16), asm.load(4, r0, r7, 12), ...end]),
  },
  {
    rule: 'another pointer into the packet needs a comparison of its own',
    refused: program([
      ...bounds(20),
      asm.load(1, r9, r7, 0),
      asm.mov64(r3, r7),
      asm.add64(r3, r9),
      asm.load(1, r0, r3, 0),
      ...end,
    ]),
    says: /invalid access to packet, off=0 size=1, R3\(r=0\)/,
    accepted: program([
      ...bounds(20),
      asm.load(1, r9, r7, 0),
      asm.mov64(r3, r7),
      asm.add64(r3, r9),
      asm.mov64(r4, r3),
      asm.add64(r4, 1),
      asm.branch('le', 64, r4, r8, 2),
      ...end,
      asm.load(1, r0, r3, 0),
      ...end,
    ]),
  },
  {
    rule: 'a packet pointer does not outlive the packet that it was taken from',
    refused: program([
      ...bounds(14),
      asm.mov64(r1, r6),
      asm.mov64(r2, 0),
      asm.callHelper(44),
      asm.load(1, r0, r7, 0),
      ...end,
    ]),
    says: /R7 invalid mem access 'scalar'/,
    accepted: program([
      asm.mov64(r6, r1),
      asm.mov64(r2, 0),
      asm.callHelper(44),
      asm.mov64(r1, r6),
      ...bounds(14),
      asm.load(1, r0, r7, 0),
      ...end,
    ]),
  },
  {
    rule: 'a number is no address',
    refused: program([asm.mov64(r2, 4711), asm.load(8, r0, r2, 0), asm.exit()]),
    says: /R2 invalid mem access 'scalar'/,
    accepted: program([asm.store(8, r10, -8, 3), asm.load(8, r0, r10, -8), asm.exit()]),
  },
  {
    rule: "the packet's end is no place to read",
    refused: program([asm.load(4, r2, r1, 4), asm.load(1, r0, r2, 0), asm.exit()]),
    says: /R2 invalid mem access 'pkt_end'/,
    accepted: program([asm.load(4, r2, r1, 4), ...end]),
  },
  {
    rule: 'the stack has 512 bytes',
    refused: program([asm.store(8, r10, -520, 0), ...end]),
    says: /invalid write to stack R10 off=-520 size=8/,
    accepted: program([asm.store(8, r10, -512, 0), ...end]),
  },
  {
    rule: 'the stack ends at r10',
    refused: program([asm.load(8, r0, r10, 0), asm.exit()]),
    says: /invalid read from stack R10 off=0 size=8/,
    accepted: program([asm.store(8, r10, -8, 0), asm.load(8, r0, r10, -8), asm.exit()]),
  },
  {
    rule: 'an XDP program writes no field of its context',
    refused: program([asm.store(4, r1, 16, 0), ...end]),
    says: /invalid bpf_context access off=16 size=4 \(read-only\)/,
    accepted: program([asm.load(4, r2, r1, 16), ...end]),
  },
  {
    rule: 'a TC program writes few fields of its context',
    refused: program([asm.store(4, r1, 40, 0), ...end], TC),
    says: /invalid bpf_context access off=40 size=4 \(read-only\)/,
    accepted: program([asm.store(4, r1, 8, 0), ...end], TC),
  },
  {
    rule: 'the context has an end',
    refused: program([asm.load(4, r2, r1, 24), ...end]),
    says: /invalid bpf_context access off=24 size=4/,
    accepted: program([asm.load(4, r2, r1, 12), ...end]),
  },
  {
    rule: 'a helper gets what it takes: a map',
    refused: program([asm.mov64(r2, r10), asm.add64(r2, -4), asm.callHelper(1), ...end]),
    says: /R1 type=ctx expected=map_ptr/,
    accepted: program([...lookup, ...end]),
  },
  {
    rule: 'a helper gets what it takes: a key in memory',
    refused: program([asm.loadMap(r1), asm.mov64(r2, 4), asm.callHelper(1), ...end]),
    says: /R2 type=scalar expected=fp, map_value, pkt, ringbuf_mem/,
    accepted: program([...lookup, ...end]),
  },
  {
    rule: 'a helper gets what it takes: the context',
    refused: program([asm.mov64(r1, 1), asm.mov64(r2, 0), asm.callHelper(39), ...end], TC),
    says: /R1 type=scalar expected=ctx/,
    accepted: program([asm.mov64(r2, 0), asm.callHelper(39), ...end], TC),
  },
  {
    rule: 'a helper gets all arguments',
    refused: program([asm.loadMap(r1), asm.callHelper(1), ...end]),
    says: /R2 !read_ok/,
    accepted: program([...lookup, ...end]),
  },
  {
    rule: 'a record is submitted or discarded',
    refused: program([...reserve, ...end], XDP, ring),
    says: /Unreleased reference, reserved at instruction 4/,
    accepted: program([...reserve, ...submit, ...end], XDP, ring),
  },
  {
    rule: 'a record has an end',
    refused: program([...reserve, asm.store(8, r6, 12, 0), ...submit, ...end], XDP, ring),
    says: /invalid access to memory, mem_size=16 off=12 size=8/,
    accepted: program([...reserve, asm.store(8, r6, 8, 0), ...submit, ...end], XDP, ring),
  },
  {
    rule: 'only a record is submitted',
    refused: program([asm.mov64(r2, 0), asm.callHelper(132), ...end], XDP, ring),
    says: /R1 type=ctx expected=ringbuf_mem/,
    accepted: program([...reserve, ...submit, ...end], XDP, ring),
  },
  {
    rule: 'pointers are not multiplied',
    refused: program([asm.mul64(r1, 2), ...end]),
    says: /R1 pointer arithmetic with mul operator prohibited/,
    accepted: program([asm.mov64(r1, 4), asm.mul64(r1, 2), ...end]),
  },
  {
    rule: 'no instruction is out of reach',
    refused: program([asm.jump(1), asm.mov64(r0, 1), ...end]),
    says: /unreachable insn/,
    accepted: program([asm.jump(0), ...end]),
  },
  {
    rule: 'every loop has a way out',
    refused: program([asm.mov64(r0, 2), asm.jump(-1), asm.exit()]),
    says: /unreachable insn|infinite loop/,
    accepted: program([
      asm.mov64(r6, 0),
      asm.add64(r6, 1),
      asm.branch('lt', 64, r6, 10, -2),
      ...end,
    ]),
  },
  {
    rule: 'the two ways of a branch may not both go round for ever',
    refused: program([
      asm.load(4, r2, r1, 12),
      asm.branch('eq', 64, r2, 1, 1),
      ...end.slice(0, 1),
      asm.branch('eq', 64, r2, 3, 1),
      asm.jump(-2),
      asm.jump(-3),
    ]),
    says: /infinite loop detected/,
    accepted: program([asm.load(4, r2, r1, 12), asm.branch('eq', 64, r2, 1, 0), ...end]),
  },
  {
    rule: 'jumps lead to instructions',
    refused: program([asm.jump(7), ...end]),
    says: /slot 8 is no instruction/,
    accepted: program([asm.jump(0), ...end]),
  },
  {
    rule: 'the code does not run out',
    refused: program([asm.mov64(r0, 2)]),
    says: /ends without exit or jump/,
    accepted: program(end),
  },
  {
    rule: 'r10 is read-only',
    refused: program([asm.mov64(r10, 1), ...end]),
    says: /r10 is read-only/,
    accepted: program([asm.mov64(r2, r10), ...end]),
  },
  {
    rule: 'no division by an immediate 0',
    refused: program([asm.mov64(r0, 2), asm.div64(r0, 0), asm.exit()]),
    says: /division by an immediate zero/,
    accepted: program([asm.mov64(r0, 2), asm.div64(r0, 1), asm.exit()]),
  },
  {
    rule: 'a number that may be anything moves no pointer',
    refused: program([
      ...found,
      asm.load(8, r1, r0, 0),
      asm.add64(r0, r1),
      asm.load(1, r1, r0, 0),
      ...end,
    ]),
    says: /math between map_value pointer and register with unbounded min value is not allowed/,
    accepted: program([
      ...found,
      asm.load(8, r1, r0, 0),
      asm.and64(r1, 7),
      asm.add64(r0, r1),
      asm.load(1, r1, r0, 0),
      ...end,
    ]),
  },
  {
    rule: 'a number that was not compared may be as large as its bytes',
    refused: program([
      ...found,
      asm.load(1, r1, r0, 0),
      asm.add64(r0, r1),
      asm.load(1, r1, r0, 0),
      ...end,
    ]),
    says: /invalid access to map value, value_size=8 off=255 size=1/,
    accepted: program([
      ...found,
      asm.load(1, r1, r0, 0),
      asm.branch('gt', 64, r1, 7, 2),
      asm.add64(r0, r1),
      asm.load(1, r1, r0, 0),
      ...end,
    ]),
  },
  {
    rule: 'a masked number keeps within the value',
    refused: program([
      ...found,
      asm.load(1, r1, r0, 0),
      asm.and64(r1, 15),
      asm.add64(r0, r1),
      asm.load(1, r1, r0, 0),
      ...end,
    ]),
    says: /invalid access to map value, value_size=8 off=15 size=1/,
    accepted: program([
      ...found,
      asm.load(1, r1, r0, 0),
      asm.branch('gt', 64, r1, 255, 5),
      asm.arithmetic('shr', 64, r1, 2),
      asm.and64(r1, 7),
      asm.add64(r0, r1),
      asm.load(1, r1, r0, 0),
      asm.branch('gt', 64, r1, 255, 1),
      asm.jump(1),
      asm.load(1, r1, r3, 0),
      ...end,
    ]),
  },
  {
    rule: 'the frames of a chain of calls have 512 bytes together',
    refused: program([
      asm.store(8, r10, -256, 0),
      asm.callSubprogram(1),
      asm.exit(),
      asm.store(8, r10, -264, 0),
      ...end,
    ]),
    says: /instruction 1 .*combined stack size of 2 calls is 528\. Too large/,
    accepted: program([
      asm.store(8, r10, -224, 0),
      asm.callSubprogram(1),
      asm.exit(),
      asm.store(8, r10, -256, 0),
      ...end,
    ]),
  },
  {
    rule: 'a chain of calls has 8 frames',
    refused: program([...chain(8), ...end]),
    says: /the call stack of 9 frames is too deep/,
    accepted: program([...chain(7), ...end]),
  },
];
