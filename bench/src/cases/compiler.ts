/** The compiler: the same logic in TypeScript and in C, by instructions and by the clock. */
import { join } from 'node:path';
import { canUseBpf, type Program } from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import { compileProgram } from '@skep/compiler';
import { compileModule } from '@skep/compiler/front-end';
import type { Case, Effort } from '../harness/case.ts';
import { clangVersion } from '../harness/clang.ts';
import { Bench, timePacket, verdictOf } from '../harness/kernel.ts';
import {
  fillReference,
  knownClient,
  referenceSegment,
  referencesInC,
} from '../harness/reference-flow.ts';
import { interleave } from '../harness/rounds.ts';
import { pairedRow, plainRow, type Row } from '../harness/row.ts';

const source = join(import.meta.dirname, '../../src/programs/reference.ts');

/** A path through a program, and what it must answer before its time is worth anything. */
interface Path {
  readonly name: string;
  readonly program: string;
  readonly packet: Uint8Array;
  readonly verdict: number;
}

const paths: readonly Path[] = [
  {
    name: 'parse, pass',
    program: 'xdp_parse',
    packet: referenceSegment(knownClient, 443),
    verdict: 2,
  },
  {
    name: 'parse, drop',
    program: 'xdp_parse',
    packet: referenceSegment(knownClient, 7777),
    verdict: 1,
  },
  {
    name: 'conntrack, hit',
    program: 'tc_conntrack',
    packet: referenceSegment(knownClient, 443),
    verdict: 0,
  },
  {
    name: 'conntrack, miss',
    program: 'tc_conntrack',
    packet: referenceSegment(knownClient, 444),
    verdict: 2,
  },
  {
    name: 'policy, allowed',
    program: 'tc_policy',
    packet: referenceSegment(knownClient, 443),
    verdict: 0,
  },
  {
    name: 'policy, no rule',
    program: 'tc_policy',
    packet: referenceSegment(knownClient, 444),
    verdict: 2,
  },
  {
    name: 'policy, stranger',
    program: 'tc_policy',
    packet: referenceSegment('10.9.9.9', 443),
    verdict: 2,
  },
];

/** The compiled TypeScript against clang. */
export const compilerCase: Case = {
  name: 'compiler',
  about: 'programs in TypeScript against the same steps in C by clang -O2, over the same maps',
  run: async (effort) => {
    const clang = clangVersion();
    const reason = canUseBpf() ?? (clang ? undefined : 'clang is not installed');
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
  fillReference(bench);
  const ours = await compileOurs();
  const theirs = referencesInC([...ours.keys()]);
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

async function compileOurs(): Promise<Map<string, ProgramObject>> {
  const { programs, diagnostics } = await compileModule(source);
  if (diagnostics.length > 0)
    throw new Error(diagnostics.map((one) => `${one.file}:${one.line}: ${one.message}`).join('\n'));
  return new Map(programs.map((program) => [program.name, compileProgram(program)]));
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
