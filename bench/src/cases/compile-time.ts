/** How long a compile takes: of the largest program, and of programs that grow. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { compileProgram, type IrProgram } from '@skep/compiler';
import { generateRecipe, lowerRecipe, Random } from '@skep/compiler/fuzz';
import type { Case, Effort } from '../harness/case.ts';
import { largestProgram } from '../harness/largest-program.ts';
import { interleave } from '../harness/rounds.ts';
import { plainRow, type Row } from '../harness/row.ts';
import { median } from '../harness/statistics.ts';

const main = join(import.meta.dirname, '../harness/compile-time-main.js');

/** What the project asks of the largest program: in a new process, and when V8 has warmed up. */
const coldLimitMilliseconds = 300;
const warmLimitMilliseconds = 50;
const warmRuns = 30;

/** Instructions of the random programs: the time for each of them should stay the same. */
const sizes = [200, 1000, 4000];
const seed = 1;

/** The compiler's back end by the clock; needs neither a kernel nor rights. */
export const compileTimeCase: Case = {
  name: 'compile time',
  about: 'IR to bytecode: the largest program of the datapath, and random programs that grow',
  run: async (effort) => [...compileLargest(effort), ...(await compileGrowing(effort))],
};

/** Cold: reading the IR and the first compile of a process, without the start of Node. */
function compileLargest({ rounds }: Effort): Row[] {
  const processes = Array.from({ length: Math.min(rounds, 5) }, compileInProcess);
  const cold = processes.map(([first]) => first!);
  const warm = processes.flatMap((samples) => samples.slice(-warmRuns));
  const row = (name: string, samples: readonly number[], limit: number): Row =>
    plainRow(
      { name: `${largestProgram.name}: ${name}`, unit: 'ms', samples: samples.length },
      median(samples),
      { name: 'the limit', value: limit },
    );
  return [row('cold', cold, coldLimitMilliseconds), row('warm', warm, warmLimitMilliseconds)];
}

/** Milliseconds of each compile; as many warm up as are measured. */
function compileInProcess(): number[] {
  const parameters = [main, String(2 * warmRuns)];
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`compile time: ${stderr.slice(0, 500)}`);
  return JSON.parse(stdout) as number[];
}

async function compileGrowing({ rounds }: Effort): Promise<Row[]> {
  const programs = sizes.map(randomProgram);
  const compile = (program: IrProgram, instructions: number): number => {
    const start = process.hrtime.bigint();
    compileProgram(program);
    return Number(process.hrtime.bigint() - start) / instructions;
  };
  const sides = programs.map(({ program, instructions }) => ({
    name: `random, ${instructions} instructions`,
    measure: () => compile(program, instructions),
  }));
  const samples = await interleave(sides, 10 + rounds);
  const times = sides.map(({ name }) => median(samples.get(name)!.slice(10)));
  return sides.map(({ name }, index) =>
    plainRow({ name, unit: 'ns/instruction', samples: rounds }, times[index]!, {
      name: sides[0]!.name,
      value: times[0]!,
    }),
  );
}

interface Sized {
  readonly program: IrProgram;
  readonly instructions: number;
}

/** A random program of at least `size` instructions: a tenth more statements each time. */
function randomProgram(size: number): Sized {
  for (let statements = 1; ; statements = Math.ceil(statements * 1.1)) {
    const program = lowerRecipe(generateRecipe(new Random(seed), { statements }));
    const instructions = compileProgram(program).code.length / 8;
    if (instructions >= size) return { program, instructions };
  }
}
