/** Every program that exists twice: ours and clang's, by size and by the clock. */
import {
  type BpfMap,
  canTraceFunctions,
  canUseBpf,
  codeTarget,
  isAtFunction,
  type Program,
  testRunSocketPacket,
  testRunTc,
  testRunXdp,
} from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import { compileProgram } from '@skep/compiler';
import type { Case, Effort } from '../harness/case.ts';
import { clangVersion, compileC } from '../harness/clang.ts';
import { readElfProgram } from '../harness/elf.ts';
import { Bench, programTypes } from '../harness/kernel.ts';
import { interleave } from '../harness/rounds.ts';
import { pairedRow, plainRow, type Row } from '../harness/row.ts';
import { type PairInput, type ProgramPair, programPairs } from '../programs/pairs.ts';

/** What is compared with. */
const referenceName = 'clang -O2';

/** Rows of instructions, machine code, verifier's work and time for each program. */
export const programsCase: Case = {
  name: 'programs',
  about: 'each program and example against the same logic in C by clang -O2, same inputs',
  run: async (effort) => {
    const clang = clangVersion();
    const reason = canUseBpf() ?? (clang ? undefined : 'clang is not installed');
    if (reason !== undefined) return { skipped: reason };
    const rows: Row[] = [];
    for (const pair of programPairs) {
      const measure = (sides: Sides): Promise<Row[]> => sizesAndTimes(pair, sides, effort);
      rows.push(...(await comparePair(pair, measure)));
    }
    return rows;
  },
};

/** One program as both sides have it. */
interface Sides {
  readonly name: string;
  readonly ours: Side;
  readonly theirs: Side;
}

interface Side {
  readonly object: ProgramObject;
  readonly program: Program;
  readonly bench: Bench;
}

/**
 * What is counted of each program against clang's: needs no quiet machine. What the kernel does not
 * let be loaded has instructions only.
 */
export async function countPrograms(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const pair of programPairs) {
    rows.push(...(await comparePair(pair, (sides) => Promise.resolve(sizes(sides)))));
  }
  return rows;
}

/** Both sides of each program of a pair, loaded, and what `measure` says of them. */
async function comparePair(
  pair: ProgramPair,
  measure: (sides: Sides) => Promise<readonly Row[]>,
): Promise<Row[]> {
  const target = codeTarget();
  const objects = (await pair.programs()).map((program) => compileProgram(program, { target }));
  const file = compileC(pair.c);
  const rows: Row[] = [];
  for (const object of objects) {
    const name = `${pair.c}: ${object.name}`;
    const reference = inC(file, object);
    const [ours, theirs] = [object.code.length / 8, reference.code.length / 8];
    rows.push(sizeRow({ name, unit: 'instructions' }, ours, theirs));
    if (isAtFunction(object) && canTraceFunctions() !== undefined) continue;
    const [mine, other] = [new Bench(), new Bench()];
    try {
      const loaded = { ours: side(mine, object, pair), theirs: side(other, reference, pair) };
      rows.push(...(await measure({ name, ...loaded })));
    } finally {
      mine.close();
      other.close();
    }
  }
  return rows;
}

/** Sizes, then times, of sides that come to the same. */
async function sizesAndTimes(pair: ProgramPair, sides: Sides, effort: Effort): Promise<Row[]> {
  const rows = sizes(sides);
  for (const input of pair.inputs?.[sides.ours.object.name] ?? []) {
    demandAlike(sides, input, pair.unlike ?? []);
    rows.push(await race(sides, input, effort));
  }
  return rows;
}

/** The C program of the same name, for the same hook. */
function inC(
  file: Uint8Array,
  { name, programType, attachType, attachTarget, maps }: ProgramObject,
): ProgramObject {
  const shapes = Object.fromEntries(maps.map((shape) => [shape.name, shape]));
  const read = readElfProgram(file, { name, programType, maps: shapes });
  return {
    ...read,
    ...(attachType === undefined ? {} : { attachType }),
    ...(attachTarget === undefined ? {} : { attachTarget }),
  };
}

function side(bench: Bench, object: ProgramObject, { fill }: ProgramPair): Side {
  const program = bench.load(object);
  fill?.(bench);
  return { object, program, bench };
}

function sizes({ name, ours, theirs }: Sides): Row[] {
  const [mine, other] = [ours.program.info(), theirs.program.info()];
  const [bytes, processed] = ['bytes of machine code', 'processed by the verifier'] as const;
  return [
    sizeRow({ name, unit: bytes }, mine.machineCodeBytes, other.machineCodeBytes),
    sizeRow({ name, unit: processed }, mine.verifiedInstructions, other.verifiedInstructions),
  ];
}

function sizeRow(about: { name: string; unit: string }, have: number, value: number): Row {
  return plainRow(about, have, { name: referenceName, value });
}

interface Answer {
  readonly returnValue: number;
  readonly packet: Uint8Array;
  readonly durationNanoseconds: number;
}

function run({ program }: Side, { packet }: PairInput, repeat = 1): Answer {
  const { programType } = program;
  if (programType === programTypes.xdp) return testRunXdp(program, { packet, repeat });
  if (programType === programTypes.tc) return testRunTc(program, { packet, repeat });
  return testRunSocketPacket(program, { packet, repeat });
}

/** @throws Error where both sides do not come to the same */
function demandAlike(
  { name, ours, theirs }: Sides,
  input: PairInput,
  unlike: readonly string[],
): void {
  const about = ({ bench }: Side, answer: Answer): unknown => [
    answer.returnValue,
    Buffer.from(answer.packet).toString('hex'),
    ...Object.values(bench.maps).flatMap((map) => contents(map, unlike)),
  ];
  const mine = JSON.stringify(about(ours, run(ours, input)));
  const other = JSON.stringify(about(theirs, run(theirs, input)));
  if (mine === other) return;
  throw new Error(`${name}, ${input.name}: clang's comes to ${other}, ours to ${mine}`);
}

const readable = new Set<string>(['hash', 'array', 'perCpuHash', 'lruHash', 'lpmTrie']);

function contents(map: BpfMap, unlike: readonly string[]): string[] {
  if (!readable.has(map.shape.kind) || unlike.includes(map.name)) return [];
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const entries = [...map.entries()].map(([key, value]) => `${text(key)}=${text(value)}`);
  return [`${map.name}: ${entries.sort().join(' ')}`];
}

async function race(
  { name, ours, theirs }: Sides,
  input: PairInput,
  { rounds, runs }: Effort,
): Promise<Row> {
  const samples = await interleave(
    [
      { name: 'ours', measure: () => run(ours, input, runs).durationNanoseconds },
      { name: 'theirs', measure: () => run(theirs, input, runs).durationNanoseconds },
    ],
    rounds,
  );
  const about = { name: `${name}: ${input.name}`, unit: 'ns/run', referenceName };
  return pairedRow(about, samples.get('ours')!, samples.get('theirs')!);
}
