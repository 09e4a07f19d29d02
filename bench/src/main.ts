/** `npm run bench`: cases of the benchmark, as tables and as records. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { bars } from './cases/bars.ts';
import { cases } from './cases/index.ts';
import { judge, overText } from './harness/bar.ts';
import type { Case } from './harness/case.ts';
import { removeLeftovers } from './harness/leftovers.ts';
import { describeMachine, type MachineDescription, machineText } from './harness/machine.ts';
import { type Row, tableText } from './harness/row.ts';

const results = join(import.meta.dirname, '../results');
/** How many times slower than usual this machine is, such as an emulated one. */
const timeScale = Number(process.env.SKEP_TIME_SCALE ?? 1);
const thorough = { rounds: 31, runs: 100_000 / timeScale, rules: 10_000 };
/** To see that it works, not what it says. */
const quick = { rounds: 3, runs: 10_000, rules: 10_000 };

/** What the command line says besides the names of cases. */
interface Options {
  readonly json?: string;
  readonly record?: true;
  readonly quick?: true;
}

const command = new Command('npm run bench --')
  .description('measures this project against others, in pairs of one run')
  .argument('[case...]', 'default: all')
  .option('--json <file>', 'write the rows there, too; - for standard output')
  .option('--record', 'keep the rows and what the machine is under bench/results/')
  .option('--quick', 'to see that it works: the figures say nothing')
  .addHelpText(
    'after',
    `\nCases:\n${cases.map(({ name, about }) => `  ${name}: ${about}`).join('\n')}`,
  )
  .parse();
const options = command.opts<Options>();

process.exitCode = await main(command.args);

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.find((name) => !cases.some((each) => each.name === name));
  if (unknown !== undefined) {
    const known = cases.map(({ name }) => `'${name}'`).join(', ');
    command.error(`error: bench '${unknown}': no such case, expected some of ${known}`);
  }
  const chosen = cases.filter(({ name }) => names.length === 0 || names.includes(name));
  removeLeftovers();
  const machine = describeMachine();
  console.log(machineText(machine));
  const rows: Row[] = [];
  const exceeded: string[] = [];
  let status = 0;
  for (const one of chosen) {
    try {
      const found = await runCase(one);
      rows.push(...found);
      const over = found.filter(({ bar }) => bar?.result === 'over');
      exceeded.push(...over.map((row) => overText(one.name, row)));
    } catch (error) {
      console.error(`bench ${one.name}: ${error instanceof Error ? error.stack : error}`);
      status = 1;
    }
  }
  if (options.json) writeRows(options.json, `${JSON.stringify(rows, null, 2)}\n`);
  if (options.record) record({ machine, takenAt: new Date().toISOString(), rows });
  if (exceeded.length === 0) return status;
  sayExceeded(exceeded);
  return 1;
}

function sayExceeded(exceeded: readonly string[]): void {
  console.log(`\nbars exceeded:\n${exceeded.join('\n')}`);
  const load = loadavg()[0]!;
  if (load <= availableParallelism()) return;
  console.log(`the machine is busy (load ${load.toFixed(1)}): what is in milliseconds says little`);
}

/** A guest has no folder that its host could read. */
function writeRows(file: string, text: string): void {
  if (file === '-') process.stdout.write(text);
  else writeFileSync(file, text);
}

async function runCase({ name, about, run }: Case): Promise<readonly Row[]> {
  console.log(`\n${name}: ${about}`);
  const started = Date.now();
  const result = await run(options.quick ? quick : thorough);
  if ('skipped' in result) {
    console.log(`skipped: ${result.skipped}`);
    return [];
  }
  const rows = judge(bars, name, result, !options.quick && timeScale === 1);
  console.log(tableText(rows));
  console.log(`${((Date.now() - started) / 1000).toFixed(1)} s`);
  return rows;
}

function record(contents: {
  readonly machine: MachineDescription;
  readonly takenAt: string;
  readonly rows: readonly Row[];
}): void {
  mkdirSync(results, { recursive: true });
  const file = join(results, `${contents.takenAt.slice(0, 16).replace(':', '')}.json`);
  writeFileSync(file, `${JSON.stringify(contents, null, 2)}\n`);
  console.log(`\nrecorded in ${file}`);
}
