// tidy: table: programs, one for each rule of the verifier
/** Programs that are refused for a call of a helper. */
import * as asm from '../asm/build.ts';
import { type Instruction, r0, r1, r10, r2, r3, r4, r5, r6, r7, r9 } from '../asm/instruction.ts';
import type { MapShape } from '../object.ts';
import {
  bounds,
  end,
  found,
  lookup,
  program,
  reserve,
  ring,
  type RuleCase,
  submit,
  table,
  TC,
  XDP,
} from './rule-parts.ts';

const programs: MapShape = { ...table, name: 'programs', kind: 'programArray', valueSize: 4 };
const devices: MapShape = { ...programs, name: 'devices', kind: 'deviceMap' };
const words: MapShape = { ...table, name: 'words', kind: 'array', valueSize: 16 };
/** BPF_F_RDONLY_PROG */
const readOnly: MapShape = { ...words, name: 'constants', flags: 128 };

/** bpf_skb_store_bytes of so many bytes of the stack, 8 of which there are. */
const storeBytes = (...size: readonly Instruction[]): readonly Instruction[] => [
  ...size,
  asm.store(8, r10, -8, 0),
  asm.mov64(r2, 0),
  asm.mov64(r3, r10),
  asm.add64(r3, -8),
  asm.mov64(r5, 0),
  asm.callHelper(9),
  ...end,
];
/** `r6` is a socket, which may be null. */
const lookForSocket = [
  asm.store(8, r10, -8, 0),
  asm.store(8, r10, -16, 0),
  asm.mov64(r2, r10),
  asm.add64(r2, -16),
  asm.mov64(r3, 12),
  asm.mov64(r4, -1),
  asm.mov64(r5, 0),
  asm.callHelper(84),
  asm.mov64(r6, r0),
];
const hasSocket = [...lookForSocket, asm.branch('ne', 64, r6, 0, 2), ...end];
const release = [asm.mov64(r1, r6), asm.callHelper(86)];
const tailCall = [asm.loadMap(r2), asm.mov64(r3, 0), asm.callHelper(12)];
const redirect = [asm.loadMap(r1), asm.mov64(r2, 0), asm.mov64(r3, 0), asm.callHelper(51)];
const adjustHead = [asm.mov64(r2, 0), asm.callHelper(44), ...end];
const update = [
  asm.store(4, r10, -4, 0),
  asm.store(8, r10, -16, 0),
  asm.store(8, r10, -24, 0),
  asm.loadMap(r1),
  asm.mov64(r2, r10),
  asm.add64(r2, -4),
  asm.mov64(r3, r10),
  asm.add64(r3, -24),
  asm.mov64(r4, 0),
  asm.callHelper(2),
  ...end,
];
const updateFrom = (offset: number): readonly Instruction[] => [
  ...found,
  asm.mov64(r3, r0),
  asm.add64(r3, offset),
  asm.store(4, r10, -4, 0),
  asm.loadMap(r1),
  asm.mov64(r2, r10),
  asm.add64(r2, -4),
  asm.mov64(r4, 0),
  asm.callHelper(2),
  ...end,
];
const storeValue = (bytes: number): readonly Instruction[] => [
  asm.mov64(r9, r1),
  ...found,
  asm.mov64(r1, r9),
  asm.mov64(r2, 0),
  asm.mov64(r3, r0),
  asm.mov64(r4, bytes),
  asm.mov64(r5, 0),
  asm.callHelper(9),
  ...end,
];
const keyInPacket = [asm.loadMap(r1), asm.mov64(r2, r7), asm.callHelper(1), ...end];
const print = [
  asm.store(8, r10, -8, 0),
  asm.mov64(r1, r10),
  asm.add64(r1, -8),
  asm.mov64(r2, 8),
  asm.callHelper(6),
  ...end,
];

/** All of them. */
export const helperCases: readonly RuleCase[] = [
  {
    rule: 'the helper is one',
    refused: program([asm.callHelper(9999), ...end]),
    says: /invalid func unknown#9999/,
    accepted: program([asm.callHelper(5), ...end]),
  },
  {
    rule: 'the kind of program has the helper',
    refused: program(adjustHead, TC),
    says: /program of this type cannot use helper bpf_xdp_adjust_head#44/,
    accepted: program(adjustHead),
  },
  {
    rule: "the program's license is the kernel's, where the helper asks for it",
    refused: program(print, XDP, table, { license: 'MIT' }),
    says: /cannot call GPL-restricted function from non-GPL compatible program/,
    accepted: program(print, XDP, table, { license: 'Dual MIT/GPL' }),
  },
  {
    rule: 'a record is reserved in a ring buffer',
    refused: program([...reserve, ...submit, ...end]),
    says: /cannot pass map table \(hash\) into func bpf_ringbuf_reserve#131/,
    accepted: program([...reserve, ...submit, ...end], XDP, ring),
  },
  {
    rule: 'nothing is looked up in an array of programs',
    refused: program([...lookup, ...end], XDP, programs),
    says: /cannot pass map programs \(programArray\) into func bpf_map_lookup_elem#1/,
    accepted: program([...lookup, ...end], XDP, devices),
  },
  {
    rule: 'a tail call needs an array of programs',
    refused: program([...tailCall, ...end]),
    says: /cannot pass map table \(hash\) into func bpf_tail_call#12/,
    accepted: program([...tailCall, ...end], XDP, programs),
  },
  {
    rule: 'packets are redirected by maps that are made for it',
    refused: program([...redirect, ...end]),
    says: /cannot pass map table \(hash\) into func bpf_redirect_map#51/,
    accepted: program([...redirect, ...end], XDP, devices),
  },
  {
    rule: 'a read-only map is not updated',
    refused: program(update, XDP, readOnly),
    says: /write into map forbidden: constants is read-only to programs/,
    accepted: program(update, XDP, words),
  },
  {
    rule: 'a value that is stored is whole',
    refused: program(updateFrom(4)),
    says: /invalid access to map value, value_size=8 off=4 size=8/,
    accepted: program(updateFrom(0)),
  },
  {
    rule: 'a key in the packet is compared with its end',
    refused: program([...bounds(2), ...keyInPacket]),
    says: /invalid access to packet, off=0 size=4, R2/,
    accepted: program([...bounds(4), ...keyInPacket]),
  },
  {
    rule: 'a helper reads no more than the stack has',
    refused: program(storeBytes(asm.mov64(r4, 16)), TC),
    says: /invalid read from stack R3 off=-8 size=16/,
    accepted: program(storeBytes(asm.mov64(r4, 8)), TC),
  },
  {
    rule: 'a helper reads something',
    refused: program(storeBytes(asm.mov64(r4, 0)), TC),
    says: /R4 invalid zero-sized read/,
    accepted: program(storeBytes(asm.mov64(r4, 1)), TC),
  },
  {
    rule: 'a helper reads no negative number of bytes',
    refused: program(storeBytes(asm.mov64(r4, -1)), TC),
    says: /R4 min value is negative \(-1\)/,
    accepted: program(storeBytes(asm.mov64(r4, 8)), TC),
  },
  {
    rule: 'a number of bytes was compared',
    refused: program(storeBytes(asm.load(4, r4, r1, 0)), TC),
    says: /R4 invalid zero-sized read/,
    accepted: program(storeBytes(asm.load(4, r4, r1, 0), asm.and64(r4, 3), asm.add64(r4, 1)), TC),
  },
  {
    rule: 'a helper reads no more than the value has',
    refused: program(storeValue(32), TC, words),
    says: /invalid access to map value, value_size=16 off=0 size=32/,
    accepted: program(storeValue(16), TC, words),
  },
  {
    rule: 'what bpf_loop calls is a function',
    refused: program([
      asm.mov64(r1, 4),
      asm.mov64(r2, 0),
      asm.mov64(r3, 0),
      asm.mov64(r4, 0),
      asm.callHelper(181),
      ...end,
    ]),
    says: /R2 type=scalar expected=func/,
    accepted: program([asm.callHelper(5), ...end]),
  },
  {
    rule: 'a socket is released',
    refused: program([...hasSocket, ...end], TC),
    says: /Unreleased reference, reserved at instruction 7/,
    accepted: program([...hasSocket, ...release, ...end], TC),
  },
  {
    rule: 'a socket that is released was found',
    refused: program([...lookForSocket, ...release, ...end], TC),
    says: /R1 type=sock_or_null expected=sock/,
    accepted: program([...hasSocket, ...release, ...end], TC),
  },
  {
    rule: 'a socket that is read was found',
    refused: program([...lookForSocket, asm.load(4, r1, r6, 0), ...release, ...end], TC),
    says: /R6 invalid mem access 'sock_or_null'/,
    accepted: program([...hasSocket, asm.load(4, r1, r6, 0), ...release, ...end], TC),
  },
  {
    rule: 'a socket is not read after it was released',
    refused: program([...hasSocket, ...release, asm.load(4, r1, r6, 0), ...end], TC),
    says: /R6 invalid mem access 'scalar'/,
    accepted: program([...hasSocket, asm.load(4, r1, r6, 0), ...release, ...end], TC),
  },
];
