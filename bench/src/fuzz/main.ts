/**
 * `npm run fuzz -- [--programs N] [--seed S] [--engines machine,kernel] [--family sources]`: random
 * programs against their models. Failing ones are shortened and kept in .cache/fuzz.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { canUseBpf } from '@skep/bpf';
import {
  type BatchReport,
  type Engine,
  type FailedProgram,
  type Family,
  failureLines,
  type FuzzWorld,
  MachineEngine,
  runBatch,
  someWays,
  summaryLine,
} from '@skep/compiler/fuzz';
import { KernelEngine } from './kernel-engine.ts';

const kept = join(import.meta.dirname, '../../../.cache/fuzz');

const { values } = parseArgs({
  options: {
    programs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
    engines: { type: 'string', default: 'machine,kernel' },
    family: { type: 'string', default: 'recipes,sources' },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const [seed, programs] = [count('seed'), count('programs')];
  const families = values.family.split(',') as Family[];
  const engines = values.engines.split(',');
  const unknown = [...families, ...engines].find(
    (name) => !['recipes', 'sources', 'machine', 'kernel'].includes(name),
  );
  if (unknown !== undefined) {
    console.error(`fuzz: found '${unknown}', expected machine or kernel, recipes or sources`);
    return 1;
  }
  const obstacle = engines.includes('kernel') ? canUseBpf() : undefined;
  if (obstacle !== undefined) console.log(`kernel left out: ${obstacle}`);
  const used = engines.filter((name) => name !== 'kernel' || obstacle === undefined);
  console.log(`seed ${seed}, ${programs} programs on ${used.join(' and ')}`);
  let failed = 0;
  for (const [index, family] of families.entries()) {
    const share = Math.ceil((programs - index) / families.length);
    const report = await runFamily(family, seed, share, used);
    console.log(summaryLine(report));
    failed += report.failed.length;
  }
  return failed > 0 ? 1 : 0;
}

/** @throws Error where it is not a count */
function count(name: 'seed' | 'programs'): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`fuzz --${name}: found '${values[name]}', expected a whole number`);
}

async function runFamily(
  family: Family,
  seed: number,
  programs: number,
  names: readonly string[],
): Promise<BatchReport> {
  const open: KernelEngine[] = [];
  const engines = (world: FuzzWorld): Engine[] => [
    ...(names.includes('machine')
      ? [new MachineEngine('interpreter', world), new MachineEngine('generated', world)]
      : []),
    ...(names.includes('kernel') ? [openKernel(world, open)] : []),
  ];
  const onProgram = (done: number): void => {
    if (done % 500 === 0) console.log(`${family}: ${done} of ${programs}`);
  };
  try {
    const how = { engines, ways: someWays, onProgram, onFailure: keep };
    return await runBatch({ family, seed, programs, ...how });
  } finally {
    for (const engine of open) engine.close();
  }
}

function openKernel(world: FuzzWorld, open: KernelEngine[]): KernelEngine {
  const engine = new KernelEngine(world);
  open.push(engine);
  return engine;
}

function keep(failed: FailedProgram): void {
  const { family, seed, text } = failed;
  for (const line of failureLines(failed)) console.log(line);
  mkdirSync(kept, { recursive: true });
  const file = join(kept, `${seed}.${family === 'sources' ? 'ts' : 'ir'}`);
  writeFileSync(file, text);
  console.log(`  seed ${seed}: the program is in ${file}`);
}
