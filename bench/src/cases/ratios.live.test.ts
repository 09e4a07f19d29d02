/**
 * Instructions, machine code and the verifier's work of each program against clang's: none gets
 * worse than bench/ratios.json says. `SKEP_UPDATE=1` records what is counted.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { canTraceFunctions, canUseBpf } from '@skep/bpf';
import { clangVersion } from '../harness/clang.ts';
import {
  type CountedWith,
  type RecordedRatios,
  withRatios,
  worsened,
} from '../harness/recorded-ratios.ts';
import { clangRatioMost } from './bars.ts';
import { countPrograms } from './programs.ts';

const FILE = join(import.meta.dirname, '../../ratios.json');
const isUpdate = process.env.SKEP_UPDATE === '1';
const recorded = JSON.parse(readFileSync(FILE, 'utf8')) as RecordedRatios;
const countedWith: CountedWith = {
  clang: /version (\d+)/.exec(clangVersion() ?? '')?.[1] ?? '',
  kernel: release().split('.', 2).join('.'),
  arch: process.arch,
  takesProgramsAtFunctions: !canUseBpf() && !canTraceFunctions(),
};

test('no program gets worse against clang', { skip: reasonToSkip() }, async () => {
  const rows = await countPrograms();
  const now = isUpdate ? withRatios(recorded, countedWith, rows, clangRatioMost) : recorded;
  if (isUpdate) writeFileSync(FILE, `${JSON.stringify(now, null, 2)}\n`);
  assert.deepEqual(worsened(now, rows, clangRatioMost), []);
});

function reasonToSkip(): string | false {
  if (!countedWith.clang) return 'clang is not installed';
  const obstacle = canUseBpf();
  if (obstacle !== undefined) return obstacle;
  if (isUpdate || textOf(countedWith) === textOf(recorded.countedWith)) return false;
  return `recorded with ${textOf(recorded.countedWith)}, this is ${textOf(countedWith)}`;
}

function textOf({ clang, kernel, arch, takesProgramsAtFunctions }: CountedWith): string {
  const functions = takesProgramsAtFunctions ? 'with' : 'without';
  return `clang ${clang}, Linux ${kernel} ${functions} programs at functions, ${arch}`;
}
