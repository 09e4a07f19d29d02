/** Random programs in TypeScript as cases. */
import { mapShapeOf } from '@skep/bytecode';
import { compileProgram } from '../../codegen/compile-program.ts';
import { compileModule } from '../../front-end/compile.ts';
import type { IrProgram } from '../../ir/ir.ts';
import type { FuzzCase, FuzzWorld, Input, Outcome } from '../fuzz-case.ts';
import { outcomeOf } from '../fuzz-case.ts';
import { Random } from '../random.ts';
import { moduleText, type Source } from './make-source.ts';
import { randomWorldInput } from './random-input.ts';
import { type Run, TailCalled, TooManyTurns } from './run-state.ts';
import {
  declarations,
  FINISHER_RESULT,
  FINISHER_SLOT,
  Option,
  PACKET_BYTES,
  programs,
} from './world.ts';

const inputCount = 3;
const turnsMax = 4000;

/** The maps, with the program that tail calls lead to. */
export async function sourceWorld(): Promise<FuzzWorld> {
  const file = new URL('../../../src/fuzz/sources/world.ts', import.meta.url).pathname;
  const made = await compileModule(file);
  const finisher = made.programs.find(({ name }) => name === 'finisher');
  if (!finisher) throw new Error(`compile ${file}: ${JSON.stringify(made.diagnostics)}`);
  return {
    shapes: Object.values(declarations).map(mapShapeOf),
    innerMaps: [
      ...[0, 1, 2].map((key) => ({ outer: 'slots', key })),
      ...[0, 3].map((key) => ({ outer: 'named', key })),
    ],
    tailCalls: [{ map: programs.name, slot: FINISHER_SLOT, object: compileProgram(finisher) }],
  };
}

/** `null` where the model turns too often for the program to be worth running. */
export function makeSourceCase(
  source: Source,
  program: IrProgram,
  world: FuzzWorld,
): FuzzCase | null {
  const random = new Random(source.seed ^ 0x5eed);
  const inputs = Array.from({ length: inputCount }, () => randomWorldInput(random, world));
  try {
    const expected = inputs.map((input) => evaluate(source, input));
    const text = (): string => moduleText([source]);
    return { seed: source.seed, world, program, inputs, expected, text };
  } catch (error) {
    if (error instanceof TooManyTurns) return null;
    throw error;
  }
}

function evaluate(source: Source, input: Input): Outcome {
  const copied = Object.entries(input.tables).map(([name, entries]) => {
    return [name, new Map([...entries].map(([key, value]) => [key, value.slice()]))] as const;
  });
  const sequences = Object.entries(input.sequences).map(([name, values]) => {
    return [name, values.map((value) => value.slice())] as const;
  });
  const run: Run = {
    packet: input.packet.slice(),
    integers: new Map(),
    booleans: new Map(),
    objects: new Map(),
    tables: Object.fromEntries(copied),
    sequences: Object.fromEntries(sequences),
    events: [],
    turns: turnsMax,
  };
  const returnValue = Number(BigInt.asUintN(32, resultOf(source, run)));
  const { packet, tables, events } = run;
  return outcomeOf({ returnValue, packet, tables, sequences: run.sequences, records: events });
}

function resultOf(source: Source, run: Run): bigint {
  try {
    return source.run(run);
  } catch (thrown) {
    if (!(thrown instanceof TailCalled)) throw thrown;
    const view = new DataView(run.packet.buffer, run.packet.byteOffset);
    const count = Option.fields.find(({ name }) => name === 'count')!.offset + 80;
    if (count + 4 <= PACKET_BYTES) view.setUint32(count, view.getUint32(count, true) + 1, true);
    return BigInt(FINISHER_RESULT);
  }
}
