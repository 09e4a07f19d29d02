/** How long a compile takes: of the largest program, and of programs that grow. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { compileProgram } from '@skep/compiler';
import type { Case, Effort } from '../harness/case.ts';
import { filterOf, valuesOf } from '../harness/growing-filter.ts';
import { largestProgram } from '../harness/largest-program.ts';
import { countsThreadTime, threadNanoseconds } from '../harness/processor-time.ts';
import { interleave } from '../harness/rounds.ts';
import { plainRow, type Row } from '../harness/row.ts';
import { median } from '../harness/statistics.ts';

const main = join(import.meta.dirname, '../harness/compile-time-main.js');

/** Compiles that count as warm in each process, after as many. */
const warmRuns = 30;

/** Terms of the filters that grow: the cost of a value should stay the same. */
const termCounts = [12, 50, 200, 800];
/** Compiles of each that are not measured. */
const growthWarmUps = 5;

/** The compiler's back end by the clock; needs neither a kernel nor rights. */
export const compileTimeCase: Case = {
  name: 'compile time',
  about: 'IR to bytecode: the largest program of the datapath, and filters that grow',
  run: async (effort) => [...compileLargest(effort), ...(await compileGrowing(effort))],
};

/** Cold: reading the IR and the first compile of a process, without the start of Node. */
function compileLargest({ rounds }: Effort): Row[] {
  const processes = Array.from({ length: Math.min(rounds, 5) }, compileInProcess);
  const cold = processes.map(([first]) => first!);
  const warm = processes.flatMap((samples) => samples.slice(-warmRuns));
  const row = (name: string, samples: readonly number[]): Row =>
    plainRow(
      { name: `${largestProgram.name}: ${name}`, unit: 'ms', samples: samples.length },
      median(samples),
    );
  return [row('cold', cold), row('warm', warm)];
}

/** Milliseconds of each compile; as many warm up as are measured. */
function compileInProcess(): number[] {
  const parameters = [main, String(2 * warmRuns)];
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`compile time: ${stderr.slice(0, 500)}`);
  return JSON.parse(stdout) as number[];
}

/** By the time of this thread: how busy the machine is, and the engine's threads, do not count. */
async function compileGrowing({ rounds }: Effort): Promise<Row[]> {
  if (!countsThreadTime) return [];
  const programs = termCounts.map((terms) => {
    const program = filterOf(terms);
    return { name: `filter of ${terms} hosts and ports`, program, values: valuesOf(program) };
  });
  // The clock of a thread goes by ticks: each sample is as much work as the largest program.
  const most = Math.max(...programs.map(({ values }) => values));
  const sides = programs.map(({ name, program, values }) => ({
    name,
    measure: () => {
      const times = Math.ceil(most / values);
      const start = threadNanoseconds();
      for (let time = 0; time < times; time++) compileProgram(program);
      return (threadNanoseconds() - start) / (times * values);
    },
  }));
  const samples = await interleave(sides, growthWarmUps + rounds);
  const costs = sides.map(({ name }) => median(samples.get(name)!.slice(growthWarmUps)));
  const [smallest] = programs;
  return programs.map(({ name, values }, index) =>
    plainRow(
      { name: `${name}, ${values} values`, unit: 'ns/value', samples: rounds },
      costs[index]!,
      { name: smallest!.name, value: costs[0]! },
    ),
  );
}
