/**
 * The programs of testdata/ in the kernel: it accepts every one, and they compute there what they
 * compute on the machine. Nothing is attached.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import {
  type BpfMap,
  canUseBpf,
  codeTarget,
  createMap,
  loadProgram,
  type Program,
  testRunTc,
  testRunXdp,
} from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import { compileProgram } from '../codegen/compile-program.ts';
import type { Target } from '../codegen/target.ts';
import type { IrProgram } from '../ir/ir.ts';
import { loadTimeNames } from '../ir/specialise.ts';
import { compileModule } from './compile.ts';
import { executionCases } from './testing/execution-cases.ts';
import { testTargets } from './testing/test-targets.ts';

const folder = fileURLToPath(new URL('../../testdata', import.meta.url));
const skip = canUseBpf() ?? false;
const xdpType = 6;
/** The kernel runs nothing on less than an Ethernet header. */
const packetBytesMin = 14;
const names = readdirSync(folder).filter((each) => /^(?!refused-).*\.ts$/.test(each));

for (const name of names) {
  const stem = name.replace(/\.ts$/, '');
  test(`kernel: ${stem}`, { skip }, async () => {
    const { programs } = await compileModule(path.join(folder, name), { folder });
    for (const program of programs) {
      const versions = targets().map((target) => objectOf(program, target));
      const isNew = (object: ProgramObject, index: number): boolean =>
        versions.findIndex((each) => isDeepStrictEqual(each, object)) === index;
      for (const object of versions.filter(isNew)) {
        withLoaded(object, (each) => runCases(stem, each));
      }
    }
  });
}

/** Those that this kernel can run the code for. */
function targets(): Target[] {
  const has = codeTarget();
  return Object.values(testTargets).filter(({ mayGoto, numberIterators }) => {
    return (has.mayGoto || !mayGoto) && (has.numberIterators || !numberIterators);
  });
}

function objectOf(program: IrProgram, target: Target): ProgramObject {
  const loadTime = Object.fromEntries(loadTimeNames(program).map((each) => [each, 0]));
  return compileProgram(program, { loadTime, target });
}

function withLoaded(object: ProgramObject, use: (program: Program) => void): void {
  const open: { close(): void }[] = [];
  try {
    const maps: Record<string, BpfMap> = {};
    for (const shape of object.maps) {
      maps[shape.name] = createMap(shape);
      open.push(maps[shape.name]!);
    }
    const program = loadProgram(object, { maps });
    open.push(program);
    use(program);
  } finally {
    for (const each of open) each.close();
  }
}

function runCases(stem: string, program: Program): void {
  for (const { file, program: own, name, have, want } of executionCases) {
    const isOwn = file === stem && own === program.name;
    if (!isOwn || have.length < packetBytesMin) continue;
    const run = program.programType === xdpType ? testRunXdp : testRunTc;
    const { returnValue } = run(program, { packet: have });
    assert.equal(returnValue | 0, want | 0, `${stem}: ${own}: ${name}`);
  }
}
