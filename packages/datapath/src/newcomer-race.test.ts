/** Two CPUs at one place of the queue of newcomers: nobody reads what two have written. */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { canUseBpf, createMap, loadProgram, type Program } from '@skep/bpf';
import { mapShapeOf } from '@skep/bytecode';
import { compileProgram } from '@skep/compiler';
import { compileModule, formatDiagnostics } from '@skep/compiler/front-end';
import { Newcomer } from '@skep/contract';
import { codecOf } from '@skep/ebpf';
import { newcomerHints, newcomerQueue, newcomers, packets } from './maps.ts';
import { Race, races } from './trial/racing-programs.ts';
import type { RunAgain } from './trial/run-again.ts';

const FOLDER = fileURLToPath(new URL('..', import.meta.url));
const ROW = new Uint8Array(4);
const TURNS = { repeat: 100_000, rounds: 20 };
const skip = canUseBpf() ?? (availableParallelism() < 2 ? 'one CPU' : false);

async function load(t: TestContext) {
  const source = `${FOLDER}src/trial/racing-programs.ts`;
  const { programs, diagnostics } = await compileModule(source, { folder: FOLDER });
  assert.equal(formatDiagnostics(diagnostics), '');
  const declared = [newcomers, newcomerQueue, newcomerHints, packets, races];
  const made = declared.map((map) => createMap(mapShapeOf(map)));
  const maps = Object.fromEntries(made.map((map) => [map.name, map]));
  const loadTime = { readsInOrder: process.arch === 'x64' ? 1 : 0 };
  const loaded = programs.map((program) => {
    const isReader = program.name === 'race_read';
    return loadProgram(compileProgram(program, isReader ? { loadTime } : {}), { maps });
  });
  t.after(() => {
    for (const each of [...made, ...loaded]) each.close();
  });
  const [write, read] = loaded as [Program, Program];
  return { write, read, table: maps[newcomers.name]!, row: maps[races.name]! };
}

/** On a thread of its own. */
function runAgain({ fd, programType }: Program): Promise<void> {
  const workerData: RunAgain = {
    ...{ fd: fd.number, programType, frame: new Uint8Array(64) },
    ...TURNS,
  };
  const worker = new Worker(new URL('./trial/run-again.js', import.meta.url), { workerData });
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
}

test('what one CPU reads another has written as a whole', { skip }, async (t) => {
  const { write, read, table, row } = await load(t);
  await Promise.all([runAgain(write), runAgain(read)]);
  await Promise.all([runAgain(write), runAgain(write)]);
  const race = codecOf(Race).decode(row.lookup(ROW)!);
  t.diagnostic(`${Object.entries(race).join(' ')}`);
  assert.equal(race.torn, 0n);
  const { version } = codecOf(Newcomer).decode(table.lookup(ROW)!);
  assert.equal(version, Number((2n * race.written) % 0x1_0000_0000n), 'a write is missing');
  const turns = BigInt(TURNS.repeat * TURNS.rounds);
  assert.equal(race.written + race.whole + race.keptOut, 4n * turns);
  // A writer is at it nearly all the time.
  assert.ok(race.whole > turns / 20n, 'hardly anything was read');
});
