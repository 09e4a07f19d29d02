/**
 * The datapath's programs, ready to load: the IR that the build has made, bound to the constants of a
 * node and of an endpoint.
 */
import { readFileSync } from 'node:fs';
import type { ProgramObject } from '@skep/bytecode';
import { compileProgram, type IrProgram, loadTimeNames, parsePrograms } from '@skep/compiler';
import type { Address } from '@skep/wire';
import { toWords } from './address.ts';

/** What is the same for all programs of a node. */
export interface NodeConstants {
  /** Ticks of the kernel's jiffies in a second (CONFIG_HZ). */
  readonly jiffiesPerSecond: number;
  /** 1 where the kernel has `bpf_redirect_peer`. @since Linux 5.10 */
  readonly hasRedirectPeer: 0 | 1;
  /** 1: report allowed traffic too, not only drops. */
  readonly reportsForwarded: 0 | 1;
}

/** What is the endpoint's own. */
export interface EndpointConstants {
  /** Its id, 1 to ENDPOINTS_MAX. */
  readonly endpoint: number;
  /** 6 bytes each. */
  readonly mac: Uint8Array;
  readonly gatewayMac: Uint8Array;
  readonly ipv4?: Address;
  readonly ipv6?: Address;
}

/** The programs that all endpoints share. */
export interface NodePrograms {
  readonly egressDecided: ProgramObject;
  readonly ingressDecided: ProgramObject;
}

/** The two programs on the host's end of an endpoint's veth. */
export interface EndpointPrograms {
  /** Its ingress: what the endpoint sends. */
  readonly fromEndpoint: ProgramObject;
  /** Its egress: what the endpoint is to get. */
  readonly toEndpoint: ProgramObject;
}

export function nodePrograms(node: NodeConstants): NodePrograms {
  return {
    egressDecided: bind('skep_egressed', { ...node }),
    ingressDecided: bind('skep_ingressed', { ...node }),
  };
}

export function endpointPrograms(node: NodeConstants, self: EndpointConstants): EndpointPrograms {
  const constants = { ...node, ...numbersOf(self) };
  return {
    fromEndpoint: bind('skep_from_ep', constants),
    toEndpoint: bind('skep_to_ep', constants),
  };
}

type Constants = Record<string, number | bigint>;

/** Constants that a program does not read are left out: the compiler refuses what it does not know. */
function bind(name: string, constants: Constants): ProgramObject {
  const program = programs().get(name);
  if (!program) throw new Error(`program ${name}: not in programs.json (run \`npm run build\`)`);
  const wanted = loadTimeNames(program).map((key) => [key, constants[key]] as const);
  const loadTime = Object.fromEntries(wanted.filter(([, value]) => value !== undefined));
  return compileProgram(program, { loadTime: loadTime as Constants });
}

let cached: Map<string, IrProgram> | undefined;

function programs(): Map<string, IrProgram> {
  if (!cached) {
    const text = readFileSync(new URL('./programs.json', import.meta.url), 'utf8');
    cached = new Map(parsePrograms(text).map((program) => [program.name, program]));
  }
  return cached;
}

const NO_ADDRESS = { upper: 0n, lower: 0n };

function numbersOf(self: EndpointConstants): Constants {
  const ipv4 = self.ipv4 ? toWords(self.ipv4) : NO_ADDRESS;
  const ipv6 = self.ipv6 ? toWords(self.ipv6) : NO_ADDRESS;
  return {
    endpoint: self.endpoint,
    macHead: head(self.mac),
    macTail: tail(self.mac),
    gatewayMacHead: head(self.gatewayMac),
    gatewayMacTail: tail(self.gatewayMac),
    address4Upper: ipv4.upper,
    address4Lower: ipv4.lower,
    address6Upper: ipv6.upper,
    address6Lower: ipv6.lower,
  };
}

/** The first 4 bytes as the number that a big-endian field reads. */
function head(mac: Uint8Array): number {
  return new DataView(mac.buffer, mac.byteOffset, 6).getUint32(0);
}

function tail(mac: Uint8Array): number {
  return new DataView(mac.buffer, mac.byteOffset, 6).getUint16(4);
}
