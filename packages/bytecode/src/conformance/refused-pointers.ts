// tidy: table: programs, one for each rule of the verifier
/** Programs that are refused for what they do with pointers and memory. */
import * as asm from '../asm/build.ts';
import { r0, r1, r10, r2, r3, r6, r7, r8 } from '../asm/instruction.ts';
import type { MapShape } from '../object.ts';
import {
  bounds,
  end,
  found,
  program,
  type RuleCase,
  reserve,
  ring,
  submit,
  table,
  TC,
  XDP,
} from './rule-parts.ts';

const words: MapShape = { ...table, name: 'words', kind: 'array', valueSize: 16 };
const single: MapShape = { ...words, name: 'single', maxEntries: 1 };
/** BPF_F_RDONLY_PROG */
const readOnly: MapShape = { ...words, name: 'constants', flags: 128 };
const one = asm.mov64(r2, 1);

/** All of them. */
export const pointerCases: readonly RuleCase[] = [
  {
    rule: 'the stack is written in pieces that lie where their size says',
    refused: program([asm.store(8, r10, -12, 1), ...end]),
    says: /misaligned stack access off -12 size 8/,
    accepted: program([asm.store(8, r10, -16, 1), ...end]),
  },
  {
    rule: 'pointers are not moved by halves',
    refused: program([asm.mov64(r2, r10), asm.add32(r2, 1), ...end]),
    says: /R2 32-bit pointer arithmetic prohibited/,
    accepted: program([asm.mov64(r2, r10), asm.add64(r2, 1), ...end]),
  },
  {
    rule: 'a pointer is not taken off a number',
    refused: program([asm.mov64(r2, 7), asm.sub64(r2, r10), ...end]),
    says: /R2 tried to subtract pointer from scalar/,
    accepted: program([asm.load(4, r2, r1, 0), asm.sub64(r2, 7), ...end]),
  },
  {
    rule: 'what is negative is added to a pointer into the stack',
    refused: program([asm.mov64(r2, r10), asm.sub64(r2, 8), ...end]),
    says: /R2 subtraction from stack pointer prohibited/,
    accepted: program([asm.mov64(r2, r10), asm.add64(r2, -8), ...end]),
  },
  {
    rule: 'the address of a value leads to the value only',
    refused: program([asm.loadMapValue(r2, 0, 8), asm.store(8, r2, 4, 1), ...end], XDP, single),
    says: /invalid access to map value, value_size=16 off=12 size=8/,
    accepted: program([asm.loadMapValue(r2, 0, 8), asm.store(8, r2, 0, 1), ...end], XDP, single),
  },
  {
    rule: 'two pointers are not added',
    refused: program([asm.mov64(r2, r10), asm.add64(r2, r10), ...end]),
    says: /R2 pointer add pointer prohibited/,
    accepted: program([asm.mov64(r2, r10), asm.sub64(r2, r10), ...end]),
  },
  {
    rule: "the packet's end does not move",
    refused: program([asm.load(4, r2, r1, 4), asm.add64(r2, 1), ...end]),
    says: /R2 pointer arithmetic on pkt_end prohibited/,
    accepted: program([asm.load(4, r2, r1, 0), asm.add64(r2, 1), ...end]),
  },
  {
    rule: 'a map has no inside',
    refused: program([asm.loadMap(r1), asm.add64(r1, 8), ...end]),
    says: /R1 pointer arithmetic on map_ptr prohibited/,
    accepted: program([asm.loadMap(r1), asm.add64(r1, 0), ...end]),
  },
  {
    rule: 'a map itself is not written to',
    refused: program([asm.loadMap(r1), asm.store(4, r1, 0, 1), ...end]),
    says: /R1 is a map, which a program does not write to/,
    accepted: program([...found, asm.store(4, r0, 0, 1), ...end]),
  },
  {
    rule: 'who compared the packet is right on one way only',
    refused: program([
      asm.load(4, r7, r1, 0),
      asm.load(4, r8, r1, 4),
      asm.mov64(r2, r7),
      asm.add64(r2, 14),
      asm.branch('le', 64, r2, r8, 2),
      asm.load(1, r0, r7, 0),
      asm.exit(),
      ...end,
    ]),
    says: /invalid access to packet, off=0 size=1, R7\(r=0\)/,
    accepted: program([
      asm.load(4, r7, r1, 0),
      asm.load(4, r8, r1, 4),
      asm.mov64(r2, r7),
      asm.add64(r2, 14),
      asm.branch('lt', 64, r8, r2, 2),
      asm.load(1, r0, r7, 0),
      asm.exit(),
      ...end,
    ]),
  },
  {
    rule: 'nothing is added to the packet in one step',
    refused: program([...bounds(20), one, asm.atomic('add', 8, r7, 0, r2), ...end]),
    says: /BPF_ATOMIC stores into R7 pkt is not allowed/,
    accepted: program([...bounds(20), asm.store(8, r7, 0, 1), ...end]),
  },
  {
    rule: 'nothing is added to the context in one step',
    refused: program([one, asm.atomic('add', 4, r1, 8, r2), ...end], TC),
    says: /BPF_ATOMIC stores into ctx is not allowed/,
    accepted: program([asm.store(4, r1, 8, 1), ...end], TC),
  },
  {
    rule: 'what is added to in one step lies where its size says',
    refused: program([...found, one, asm.atomic('add', 8, r0, 4, r2), ...end], XDP, words),
    says: /misaligned value access off 4 size 8/,
    accepted: program([...found, one, asm.atomic('add', 8, r0, 8, r2), ...end], XDP, words),
  },
  {
    rule: 'a read-only map is not written to',
    refused: program([...found, asm.store(4, r0, 0, 1), ...end], XDP, readOnly),
    says: /write into map forbidden: constants is read-only to programs/,
    accepted: program([...found, asm.load(4, r0, r0, 0), ...end], XDP, readOnly),
  },
  {
    rule: 'a record is not used after it was submitted',
    refused: program([...reserve, ...submit, asm.store(8, r6, 0, 1), ...end], XDP, ring),
    says: /R6 invalid mem access 'scalar'/,
    accepted: program([...reserve, asm.store(8, r6, 0, 1), ...submit, ...end], XDP, ring),
  },
  {
    rule: 'a record is submitted once',
    refused: program([...reserve, ...submit, ...submit, ...end], XDP, ring),
    says: /R1 type=scalar expected=ringbuf_mem/,
    accepted: program([...reserve, ...submit, ...reserve, ...submit, ...end], XDP, ring),
  },
  {
    rule: 'a record is submitted from its beginning',
    refused: program([...reserve, asm.add64(r6, 8), ...submit, ...end], XDP, ring),
    says: /R1 must have zero offset when passed to release func/,
    accepted: program(
      [...reserve, asm.mov64(r3, r6), asm.add64(r3, 8), ...submit, ...end],
      XDP,
      ring,
    ),
  },
  {
    rule: 'a count that a loop ends by moves',
    refused: program([asm.mov64(r6, 0), asm.branch('lt', 64, r6, 10, -1), ...end]),
    says: /infinite loop detected/,
    accepted: program([
      asm.mov64(r6, 0),
      asm.add64(r6, 1),
      asm.branch('lt', 64, r6, 10, -2),
      ...end,
    ]),
  },
];
