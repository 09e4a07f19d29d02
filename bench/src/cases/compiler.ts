/** The compiler: the same logic in TypeScript and in C, by instructions and by the clock. */
import { join } from 'node:path';
import { type Program, shapeOf } from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import { compileProgram } from '@skep/compiler';
import { compileModule } from '@skep/compiler/front-end';
import type { MapDeclaration } from '@skep/ebpf';
import { IpProtocol, makeFrame, parseAddress } from '@skep/wire';
import type { Case, Effort } from '../harness/case.ts';
import { clangVersion, compileC } from '../harness/clang.ts';
import { readElfProgram } from '../harness/elf.ts';
import {
  Bench,
  programTypes,
  reasonNotToMeasure,
  timePacket,
  verdictOf,
} from '../harness/kernel.ts';
import { interleave } from '../harness/rounds.ts';
import { pairedRow, plainRow, type Row } from '../harness/row.ts';
import {
  connections,
  FlowCount,
  identities,
  rules,
  RuleKey,
  Tuple4,
} from '../programs/reference.ts';

const source = join(import.meta.dirname, '../../src/programs/reference.ts');
const declarations: readonly MapDeclaration[] = [connections, identities, rules];

const [client, server] = ['10.0.0.1', '10.0.0.2'];

/** A path through a program, and what it must answer before its time is worth anything. */
interface Path {
  readonly name: string;
  readonly program: string;
  readonly packet: Uint8Array;
  readonly verdict: number;
}

const paths: readonly Path[] = [
  { name: 'parse, pass', program: 'xdp_parse', packet: tcp(client, 443), verdict: 2 },
  { name: 'parse, drop', program: 'xdp_parse', packet: tcp(client, 7777), verdict: 1 },
  { name: 'conntrack, hit', program: 'tc_conntrack', packet: tcp(client, 443), verdict: 0 },
  { name: 'conntrack, miss', program: 'tc_conntrack', packet: tcp(client, 444), verdict: 2 },
  { name: 'policy, allowed', program: 'tc_policy', packet: tcp(client, 443), verdict: 0 },
  { name: 'policy, no rule', program: 'tc_policy', packet: tcp(client, 444), verdict: 2 },
  { name: 'policy, stranger', program: 'tc_policy', packet: tcp('10.9.9.9', 443), verdict: 2 },
];

/** The compiled TypeScript against clang. */
export const compilerCase: Case = {
  name: 'compiler',
  about: 'programs in TypeScript against the same steps in C by clang -O2, over the same maps',
  run: async (effort) => {
    const clang = clangVersion();
    const reason = reasonNotToMeasure() ?? (clang ? undefined : 'clang is not installed');
    if (reason !== undefined) return { skipped: reason };
    const bench = new Bench();
    try {
      return await compare(bench, effort);
    } finally {
      bench.close();
    }
  },
};

async function compare(bench: Bench, effort: Effort): Promise<Row[]> {
  fill(bench);
  const ours = await compileOurs();
  const theirs = compileTheirs([...ours.keys()]);
  const rows: Row[] = [];
  for (const [name, object] of ours) {
    rows.push(...sizes(name, object, theirs.get(name)!));
  }
  const loaded = (objects: Map<string, ProgramObject>): Map<string, Program> =>
    new Map([...objects].map(([name, object]) => [name, bench.load(object)]));
  const [oursLoaded, theirsLoaded] = [loaded(ours), loaded(theirs)];
  for (const path of paths) {
    const pair = [oursLoaded.get(path.program)!, theirsLoaded.get(path.program)!] as const;
    rows.push(await race(path, pair, effort));
  }
  return rows;
}

/** One flow, one identity, one rule. */
function fill(bench: Bench): void {
  const tuple = new Tuple4({
    source: numberOf(client),
    destination: numberOf(server),
    sourcePort: 40_000,
    destinationPort: 443,
    protocol: IpProtocol.TCP,
    padding: [0, 0, 0],
  });
  bench.put(connections, tuple, new FlowCount({ packets: 0, bytes: 0, lastSeen: 0, padding: 0 }));
  bench.put(identities, numberOf(client), 256);
  const rule = new RuleKey({ identity: 256, port: 443, protocol: IpProtocol.TCP, padding: 0 });
  bench.put(rules, rule, 1);
}

async function compileOurs(): Promise<Map<string, ProgramObject>> {
  const { programs, diagnostics } = await compileModule(source);
  if (diagnostics.length > 0)
    throw new Error(diagnostics.map((one) => `${one.file}:${one.line}: ${one.message}`).join('\n'));
  return new Map(programs.map((program) => [program.name, compileProgram(program)]));
}

function compileTheirs(names: readonly string[]): Map<string, ProgramObject> {
  const file = compileC('reference');
  const maps = Object.fromEntries(declarations.map((one) => [one.name, shapeOf(one)]));
  return new Map(
    names.map((name) => {
      const programType = name.startsWith('xdp') ? programTypes.xdp : programTypes.tc;
      return [name, readElfProgram(file, { name, programType, maps })];
    }),
  );
}

function sizes(name: string, ours: ProgramObject, theirs: ProgramObject): Row[] {
  const count = (object: ProgramObject): number => object.code.length / 8;
  const reference = { name: 'clang -O2', value: count(theirs) };
  return [plainRow({ name: `${name}: size`, unit: 'instructions' }, count(ours), reference)];
}

async function race(
  { name, packet, verdict }: Path,
  [ours, theirs]: readonly [Program, Program],
  { rounds, runs }: Effort,
): Promise<Row> {
  for (const program of [ours, theirs]) {
    const found = verdictOf(program, packet);
    if (found !== verdict) throw new Error(`${name}: verdict ${found}, expected ${verdict}`);
  }
  const samples = await interleave(
    [
      { name: 'ours', measure: () => timePacket(ours, packet, runs) },
      { name: 'theirs', measure: () => timePacket(theirs, packet, runs) },
    ],
    rounds,
  );
  const about = { name, unit: 'ns/packet', referenceName: 'clang -O2' };
  return pairedRow(about, samples.get('ours')!, samples.get('theirs')!);
}

/** As a big-endian field reads it. */
function numberOf(address: string): number {
  const { bytes } = parseAddress(address);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

function tcp(source: string, destinationPort: number): Uint8Array {
  return makeFrame({
    sourceMac: '02:00:00:00:00:01',
    destinationMac: '02:00:00:00:00:02',
    source,
    destination: server,
    tcp: { sourcePort: 40_000, destinationPort },
  });
}
