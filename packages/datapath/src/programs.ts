/**
 * The datapath's programs, ready to load: the IR that the build has made, bound to the constants of
 * a node.
 */
import { readFileSync } from 'node:fs';
import type { ProgramObject } from '@skep/bytecode';
import { compileProgram, type IrProgram, loadTimeNames, parsePrograms } from '@skep/compiler';

/** What is the same for all programs of a node. */
export interface NodeConstants {
  /** Ticks of the kernel's jiffies in a second (CONFIG_HZ). */
  readonly jiffiesPerSecond: number;
  /** 1 where the kernel has `bpf_redirect_peer`. @since Linux 5.10 */
  readonly hasRedirectPeer: 0 | 1;
  /** 1: there may be endpoints behind netkit devices. Default: 0. */
  readonly hasNetkit?: 0 | 1;
  /** 1: report allowed traffic too, not only drops. */
  readonly reportsForwarded: 0 | 1;
}

/** The two programs on the host's end of every endpoint's device. */
export interface EndpointPrograms {
  /** Its ingress: what the endpoint sends. */
  readonly fromEndpoint: ProgramObject;
  /** Its egress: what the endpoint is to get. */
  readonly toEndpoint: ProgramObject;
}

/** How programs run: alone, or in an upgrade before those of the layout before. */
export type ProgramRole = 'alone' | 'successor';

/** What the names of those end with that only an upgrade needs, so that tools tell them apart. */
const SUFFIXES = { isSuccessor: '_su', recallsFormer: '_r' } as const;

/** The program of the slot `DECIDED` of `policies`. */
export function decidedProgram(node: NodeConstants, role: ProgramRole = 'alone'): ProgramObject {
  return bind('skep_decided', constantsOf(node, role));
}

/** The programs for the host's end of every endpoint's device. */
export function endpointPrograms(
  node: NodeConstants,
  role: ProgramRole = 'alone',
): EndpointPrograms {
  const constants = constantsOf(node, role);
  return {
    fromEndpoint: bind('skep_from_ep', constants),
    toEndpoint: bind('skep_to_ep', constants),
  };
}

/** Others may read what stands further down first. */
const READS_IN_ORDER = process.arch === 'x64' ? 1 : 0;

function constantsOf(node: NodeConstants, role: ProgramRole): Constants {
  const isSuccessor = role === 'successor' ? 1 : 0;
  return { hasNetkit: 0, readsInOrder: READS_IN_ORDER, ...node, isSuccessor };
}

/** What the programs of uplinks do; of what they do not, no instruction is in them. */
export interface UplinkTasks {
  /** Endpoints reach the world under the node's address. */
  readonly masquerades: 0 | 1;
  /** Policies about the node decide what it sends and gets. */
  readonly guardsHost: 0 | 1;
  /** In an upgrade of masquerade: answers to flows that are not known are the program's before. */
  readonly recallsFormer?: 0 | 1;
}

/** The two programs on every uplink, where there is something to do. */
export interface UplinkPrograms {
  /** Its ingress: what comes from the network. */
  readonly fromNetwork: ProgramObject;
  /** Its egress: what leaves. */
  readonly toNetwork: ProgramObject;
}

/** The programs for every uplink. */
export function uplinkPrograms(node: NodeConstants, tasks: UplinkTasks): UplinkPrograms {
  const constants = { ...constantsOf(node, 'alone'), recallsFormer: 0, ...tasks };
  return {
    fromNetwork: bind('skep_from_net', constants),
    toNetwork: bind('skep_to_net', constants),
  };
}

type Constants = Record<string, number | bigint>;

/** What was compiled: many nodes are simulated in one process, with the same few constants. */
const bound = new Map<string, ProgramObject>();

function bind(name: string, constants: Constants): ProgramObject {
  const key = `${name} ${JSON.stringify(constants)}`;
  const object = bound.get(key) ?? compileBound(name, constants);
  bound.set(key, object);
  return object;
}

/**
 * Constants that a program does not read are left out: the compiler refuses what it does not know.
 */
function compileBound(name: string, constants: Constants): ProgramObject {
  const program = programs().get(name);
  if (!program) throw new Error(`program ${name}: not in programs.json (run \`npm run build\`)`);
  const wanted = loadTimeNames(program).map((key) => [key, constants[key]] as const);
  const loadTime = Object.fromEntries(wanted.filter(([, value]) => value !== undefined));
  const object = compileProgram(program, { loadTime: loadTime as Constants });
  const isFor = (role: keyof typeof SUFFIXES): boolean => loadTime[role] === 1;
  const [role] = (Object.keys(SUFFIXES) as (keyof typeof SUFFIXES)[]).filter(isFor);
  return role ? { ...object, name: object.name + SUFFIXES[role] } : object;
}

let cached: Map<string, IrProgram> | undefined;

function programs(): Map<string, IrProgram> {
  if (!cached) {
    const text = readFileSync(new URL('./programs.json', import.meta.url), 'utf8');
    cached = new Map(parsePrograms(text).map((program) => [program.name, program]));
  }
  return cached;
}
