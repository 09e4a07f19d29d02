/** How long a compile takes: of the largest program. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Case, Effort } from '../harness/case.ts';
import { largestProgram } from '../harness/largest-program.ts';
import { plainRow, type Row } from '../harness/row.ts';
import { median } from '../harness/statistics.ts';

const main = join(import.meta.dirname, '../harness/compile-time-main.js');

/** What the project asks of the largest program: in a new process, and when V8 has warmed up. */
const coldLimitMilliseconds = 300;
const warmLimitMilliseconds = 50;
const warmRuns = 30;

/** The compiler's back end by the clock; needs neither a kernel nor rights. */
export const compileTimeCase: Case = {
  name: 'compile time',
  about: 'IR to bytecode: the largest program of the datapath',
  run: async (effort) => compileLargest(effort),
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
