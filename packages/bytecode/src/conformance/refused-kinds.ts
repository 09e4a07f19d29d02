// tidy: table: programs, one for each rule of the verifier
/** Programs that are refused because of their kind: its context, its results, its packet. */
import * as asm from '../asm/build.ts';
import { type Instruction, r0, r1, r2, r7 } from '../asm/instruction.ts';
import type { ProgramObject } from '../object.ts';
import {
  bounds,
  CGROUP_SKB,
  end,
  program,
  type RuleCase,
  SOCK_ADDR,
  SOCKET_FILTER,
  SOCKET_LOOKUP,
  table,
  TC,
} from './rule-parts.ts';

const returns = (value: number): readonly Instruction[] => [asm.mov64(r0, value), asm.exit()];
const connect4 = (code: readonly Instruction[]): ProgramObject => {
  return program(code, SOCK_ADDR, table, { attachType: 10 });
};
const ingress = (code: readonly Instruction[]): ProgramObject => {
  return program(code, CGROUP_SKB, table, { attachType: 0 });
};
const read = (size: 1 | 2 | 4 | 8, offset: number): readonly Instruction[] => [
  asm.load(size, r2, r1, offset),
  ...returns(1),
];
const write = (size: 1 | 4, offset: number): readonly Instruction[] => [
  asm.store(size, r1, offset, 1),
  ...returns(1),
];
const packetOfSkb = bounds(20, { data: 76, dataEnd: 80, result: 1 });

/** All of them. */
export const kindCases: readonly RuleCase[] = [
  {
    rule: 'a field is read from its beginning',
    refused: program(read(4, 1)),
    says: /invalid bpf_context access off=1 size=4/,
    accepted: program(read(4, 12)),
  },
  {
    rule: 'a field of XDP is read whole, and alone',
    refused: program(read(8, 0)),
    says: /invalid bpf_context access off=0 size=8/,
    accepted: program(read(4, 0)),
  },
  {
    rule: 'the way out is known to programs of device maps only',
    refused: program(read(4, 20)),
    says: /invalid bpf_context access off=20 size=4/,
    accepted: program(read(4, 20), undefined, table, { attachType: 33 }),
  },
  {
    rule: 'two fields of TC are not read at once',
    refused: program(read(8, 0), TC),
    says: /invalid bpf_context access off=0 size=8/,
    accepted: program(read(8, 152), TC),
  },
  {
    rule: "the packet's address has 4 bytes",
    refused: program(read(1, 76), TC),
    says: /invalid bpf_context access off=76 size=1/,
    accepted: program(read(1, 0), TC),
  },
  {
    rule: 'a field of TC is written whole',
    refused: program(write(1, 8), TC),
    says: /invalid bpf_context access off=8 size=1 \(read-only\)/,
    accepted: program(write(1, 48), TC),
  },
  {
    rule: 'a socket filter has no pointer to its packet',
    refused: program(read(4, 76), SOCKET_FILTER),
    says: /invalid bpf_context access off=76 size=4/,
    accepted: program(read(4, 0), SOCKET_FILTER),
  },
  {
    rule: "a control group's packets have no class",
    refused: ingress(read(4, 72)),
    says: /invalid bpf_context access off=72 size=4/,
    accepted: ingress(read(4, 76)),
  },
  {
    rule: "a control group's packets are not written to",
    refused: ingress([...packetOfSkb, asm.store(1, r7, 0, 1), ...returns(1)]),
    says: /cannot write into packet/,
    accepted: ingress([...packetOfSkb, asm.load(1, r2, r7, 0), ...returns(1)]),
  },
  {
    rule: 'connect4 has no IPv6 address',
    refused: connect4(read(4, 8)),
    says: /invalid bpf_context access off=8 size=4/,
    accepted: connect4(read(4, 4)),
  },
  {
    rule: 'connect4 writes no family',
    refused: connect4(write(4, 0)),
    says: /invalid bpf_context access off=0 size=4 \(read-only\)/,
    accepted: connect4(write(4, 24)),
  },
  {
    rule: 'connect4 says yes or no',
    refused: connect4(returns(2)),
    says: /R0 has value 2, should have been in \[0, 1\]/,
    accepted: connect4(returns(1)),
  },
  {
    rule: "a control group's ingress says yes or no",
    refused: ingress(returns(4)),
    says: /R0 has value 4, should have been in \[0, 1\]/,
    accepted: program(returns(3), CGROUP_SKB, table, { attachType: 1 }),
  },
  {
    rule: 'a lookup of sockets says yes or no',
    refused: program(end, SOCKET_LOOKUP, table, { attachType: 36 }),
    says: /R0 has value 2, should have been in \[0, 1\]/,
    accepted: program(returns(1), SOCKET_LOOKUP, table, { attachType: 36 }),
  },
  {
    rule: 'a result that may be anything is not yes or no',
    refused: connect4([asm.load(4, r0, r1, 4), asm.exit()]),
    says: /R0 has a value up to 4294967295, should have been in \[0, 1\]/,
    accepted: connect4([asm.load(4, r0, r1, 4), asm.and64(r0, 1), asm.exit()]),
  },
];
