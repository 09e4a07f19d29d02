/**
 * The flow, identity and rule that bench/c/reference.c and its twin know, and the packets of it.
 */
import type { Program } from '@skep/bpf';
import { mapShapeOf, type ProgramObject } from '@skep/bytecode';
import { IpProtocol, makeFrame, parseAddress } from '@skep/wire';
import {
  connections,
  FlowCount,
  identities,
  RuleKey,
  rules,
  Tuple4,
} from '../programs/reference.ts';
import { compileC } from './clang.ts';
import { readElfProgram } from './elf.ts';
import { type Bench, programTypes } from './kernel.ts';

/** The client that there is a rule for. */
export const knownClient = '10.0.0.1';
const server = '10.0.0.2';
/** The port that the rule and the flow have. */
export const knownPort = 443;

/** Writes the one flow, identity and rule. */
export function fillReference(bench: Bench): void {
  const tuple = new Tuple4({
    source: numberOf(knownClient),
    destination: numberOf(server),
    sourcePort: 40_000,
    destinationPort: knownPort,
    protocol: IpProtocol.TCP,
    padding: [0, 0, 0],
  });
  const count = new FlowCount({ packets: 0, bytes: 0, lastSeen: 0, padding: 0 });
  bench.put(connections, tuple, count);
  bench.put(identities, numberOf(knownClient), 256);
  const protocol = IpProtocol.TCP;
  bench.put(rules, new RuleKey({ identity: 256, port: knownPort, protocol, padding: 0 }), 1);
}

/** A segment from a client to the server. */
export function referenceSegment(client: string, destinationPort: number): Uint8Array {
  return makeFrame({
    sourceMac: '02:00:00:00:00:01',
    destinationMac: '02:00:00:00:00:02',
    source: client,
    destination: server,
    tcp: { sourcePort: 40_000, destinationPort },
  });
}

/** The C programs of reference.c by name. @throws Error without clang */
export function referencesInC(names: readonly string[]): Map<string, ProgramObject> {
  const file = compileC('reference');
  const declarations = [connections, identities, rules];
  const maps = Object.fromEntries(declarations.map((one) => [one.name, mapShapeOf(one)]));
  return new Map(
    names.map((name) => {
      const programType = name.startsWith('xdp') ? programTypes.xdp : programTypes.tc;
      return [name, readElfProgram(file, { name, programType, maps })];
    }),
  );
}

/** The yardstick: a C program that parses, finds the flow by one LRU lookup, and counts it. */
export function loadYardstick(bench: Bench): Program {
  fillReference(bench);
  return bench.load(referencesInC(['tc_conntrack']).get('tc_conntrack')!);
}

/** As a big-endian field reads it. */
function numberOf(address: string): number {
  const { bytes } = parseAddress(address);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}
