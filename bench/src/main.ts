/** `npm run bench -- [CASE...] [--json FILE] [--record] [--quick]`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cases } from './cases/index.ts';
import type { Case } from './harness/case.ts';
import { describeMachine, type MachineDescription, machineText } from './harness/machine.ts';
import { type Row, tableText } from './harness/row.ts';

const results = join(import.meta.dirname, '../results');
/** How many times slower than usual this machine is, such as an emulated one. */
const timeScale = Number(process.env.SKEP_TIME_SCALE ?? 1);
const thorough = { rounds: 31, runs: 100_000 / timeScale, rules: 10_000 };
/** To see that it works, not what it says. */
const quick = { rounds: 3, runs: 10_000, rules: 10_000 };

const { values, positionals } = parseArgs({
  options: {
    json: { type: 'string' },
    record: { type: 'boolean' },
    quick: { type: 'boolean' },
  },
  allowPositionals: true,
});

process.exitCode = await main();

async function main(): Promise<number> {
  const chosen = cases.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  if (chosen.length === 0) {
    const names = cases.map(({ name }) => name).join(', ');
    console.error(`bench ${positionals.join(' ')}: no such case, expected some of ${names}`);
    return 1;
  }
  const machine = describeMachine();
  console.log(machineText(machine));
  const rows: Row[] = [];
  let status = 0;
  for (const one of chosen) {
    try {
      rows.push(...(await runCase(one)));
    } catch (error) {
      console.error(`bench ${one.name}: ${error instanceof Error ? error.stack : error}`);
      status = 1;
    }
  }
  if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
  if (values.record) record({ machine, takenAt: new Date().toISOString(), rows });
  return status;
}

async function runCase({ name, about, run }: Case): Promise<readonly Row[]> {
  console.log(`\n${name}: ${about}`);
  const started = Date.now();
  const result = await run(values.quick ? quick : thorough);
  if ('skipped' in result) {
    console.log(`skipped: ${result.skipped}`);
    return [];
  }
  console.log(tableText(result));
  console.log(`${((Date.now() - started) / 1000).toFixed(1)} s`);
  return result;
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
