/** `npm run fuzz`: random programs against their models. Failing ones are kept in .cache/fuzz. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
import { Command, InvalidArgumentError } from 'commander';
import { KernelEngine } from './kernel-engine.ts';

const kept = join(import.meta.dirname, '../../../.cache/fuzz');

/** What the command line says. */
interface Options {
  readonly programs: number;
  readonly seed: number;
  readonly engines: readonly EngineName[];
  readonly family: readonly Family[];
  readonly processes: number;
}

const engineNames = ['machine', 'kernel'] as const;
const families = ['recipes', 'sources'] as const;
type EngineName = (typeof engineNames)[number];

const options = new Command('npm run fuzz --')
  .description('random programs against their models; failing ones are shortened and kept')
  .option('--programs <n>', 'how many', wholeNumber, 1000)
  .option('--seed <n>', 'of all that is random', wholeNumber, Date.now() % 2 ** 31)
  .option('--engines <names>', 'what runs them, with commas', someOf(engineNames), engineNames)
  .option(
    '--family <names>',
    'IR made at random, TypeScript, with commas',
    someOf(families),
    families,
  )
  .option('--processes <n>', 'that share the programs, each on a CPU of its own', wholeNumber, 1)
  .parse()
  .opts<Options>();

process.exitCode = options.processes > 1 ? await share(options) : await main(options);

/** A part of the seeds for each process; 1 where any of them fails. */
async function share({ programs, seed, engines, family, processes }: Options): Promise<number> {
  const each = Math.ceil(programs / processes);
  const seeds = Math.ceil(each / family.length);
  const statuses = Array.from({ length: processes }, async (_, index) => {
    const words = ['--programs', `${each}`, '--seed', `${seed + index * seeds}`];
    const same = ['--engines', engines.join(','), '--family', family.join(',')];
    const env = { ...process.env, SKEP_FUZZ_CPU: `${index}` };
    const parameters = [import.meta.filename, ...words, ...same];
    const child = spawn(process.execPath, parameters, { env, stdio: 'inherit' });
    const [status] = (await once(child, 'exit')) as [number | null];
    return status;
  });
  return (await Promise.all(statuses)).every((status) => status === 0) ? 0 : 1;
}

async function main({ programs, seed, engines, family: chosen }: Options): Promise<number> {
  const obstacle = engines.includes('kernel') ? canUseBpf() : undefined;
  if (obstacle !== undefined) console.log(`kernel left out: ${obstacle}`);
  const used = engines.filter((name) => name !== 'kernel' || obstacle === undefined);
  console.log(`seed ${seed}, ${programs} programs on ${used.join(' and ')}`);
  let failed = 0;
  for (const [index, family] of chosen.entries()) {
    const share = Math.ceil((programs - index) / chosen.length);
    const report = await runFamily(family, seed, share, used);
    console.log(summaryLine(report));
    failed += report.failed.length;
  }
  return failed > 0 ? 1 : 0;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('Expected a whole number.');
}

/** Names with commas between them. */
function someOf<Name extends string>(known: readonly Name[]): (text: string) => readonly Name[] {
  return (text) => {
    const names = text.split(',') as Name[];
    if (names.every((name) => known.includes(name))) return names;
    throw new InvalidArgumentError(`Expected some of ${known.join(',')}.`);
  };
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
