/**
 * The programs of testdata/ in the kernel: it accepts every one, and they compute there what they
 * compute on the machine. Nothing is attached.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import {
  ArrayMemory,
  type BpfMap,
  canTraceFunctions,
  canUseBpf,
  codeTarget,
  createMap,
  kernelFunctionId,
  loadProgram,
  MissingKernelFieldError,
  MissingKernelFunctionError,
  type Program,
  testRunTc,
  testRunXdp,
} from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import {
  array,
  bool,
  codecOf,
  programKinds,
  Struct,
  TcAction,
  u32,
  u64,
  XdpAction,
} from '@skep/ebpf';
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
/** Programs at functions and at security hooks, which not every kernel takes. */
const functionKinds = new Set<number>([
  programKinds.functionEntry.programType,
  programKinds.securityHook.programType,
]);
const traceObstacle = skip || canTraceFunctions();
/** The kernel runs nothing on less than an Ethernet header. */
const packetBytesMin = 14;
const names = readdirSync(folder).filter((each) => /^(?!refused-).*\.ts$/.test(each));

for (const name of names) {
  const stem = name.replace(/\.ts$/, '');
  test(`kernel: ${stem}`, { skip }, async (context) => {
    const { programs, diagnostics } = await compileModule(path.join(folder, name), { folder });
    assert.deepEqual(diagnostics, []);
    for (const program of programs) {
      if (traceObstacle && functionKinds.has(program.programType)) {
        context.diagnostic(`${program.name} left out: ${traceObstacle}`);
        continue;
      }
      const versions = targets().map((target) => objectOf(program, target));
      const isNew = (object: ProgramObject, index: number): boolean =>
        versions.findIndex((each) => isDeepStrictEqual(each, object)) === index;
      for (const object of versions.filter(isNew)) {
        await withLoaded(object, (each) => runCases(stem, each));
      }
    }
  });
}

test('what is declared of a kernel function stands beside its calls', async () => {
  const { programs } = await compileModule(path.join(folder, 'locks.ts'), { folder });
  const read = compileProgram(programs.find(({ name }) => name === 'read')!);
  const shape = { parameters: 0, resultBytes: 0 };
  assert.deepEqual(
    read.kernelFunctions?.map(({ instruction: _, ...rest }) => rest),
    ['bpf_rcu_read_lock', 'bpf_rcu_read_unlock'].map((name) => ({ name, ...shape })),
  );
});

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

/** Whether this kernel has the functions that the program calls; else it says which is missing. */
function hasFunctions(object: ProgramObject): boolean {
  const missing = object.kernelFunctions?.find(({ name }) => kernelFunctionId(name) === undefined);
  return missing === undefined;
}

type Use = (program: Program, maps: Record<string, BpfMap>) => void | Promise<void>;

async function withLoaded(object: ProgramObject, use: Use): Promise<void> {
  const open: { close(): void }[] = [];
  if (!hasFunctions(object)) {
    assert.throws(() => loadProgram(object), MissingKernelFunctionError);
    return;
  }
  try {
    const maps: Record<string, BpfMap> = {};
    for (const shape of object.maps) {
      maps[shape.name] = createMap(shape);
      open.push(maps[shape.name]!);
    }
    const program = loadProgram(object, { maps });
    open.push(program);
    await use(program, maps);
  } finally {
    for (const each of open) each.close();
  }
}

test('kernel: node and programs share variables', { skip }, async () => {
  const { programs } = await compileModule(path.join(folder, 'variables.ts'), { folder });
  const program = programs.find(({ name }) => name === 'count')!;
  await withLoaded(compileProgram(program), (loaded, maps) => {
    const layout = Struct({ isOpen: bool, packets: u64, last: u32, recent: array(u32, 4) });
    const codec = codecOf(layout);
    const memory = new ArrayMemory(maps.state!);
    try {
      const packet = new Uint8Array(60);
      testRunXdp(loaded, { packet, repeat: 3 });
      const { packets, last, recent } = codec.decode(memory.value(0));
      assert.deepEqual([packets, last, recent], [3n, 46, [60, 0, 60, 0]]);
      memory.value(0)[0] = 0;
      assert.equal(testRunXdp(loaded, { packet }).returnValue, 1);
    } finally {
      memory.close();
    }
  });
});

test('kernel: traces are there when asked for, and limited', { skip }, async () => {
  const { programs } = await compileModule(path.join(folder, 'variables.ts'), { folder });
  const program = programs.find(({ name }) => name === 'traced')!;
  assert.equal(compileProgram(program).maps.length, 0);
  await withLoaded(compileProgram(program, { traces: true }), (loaded, maps) => {
    testRunXdp(loaded, { packet: new Uint8Array(60), repeat: 100 });
    const value = maps.skep_trace!.lookup(new Uint8Array(4))!;
    const suppressed = new DataView(value.buffer, value.byteOffset).getBigUint64(8, true);
    assert.ok(suppressed > 0n && suppressed < 100n, `${suppressed} of 100 lines left out`);
  });
});

test('kernel: fields of its own structs are found, or named', { skip }, async () => {
  const { programs } = await compileModule(path.join(folder, 'kernel-structs.ts'), { folder });
  const object = compileProgram(programs[0]!);
  await withLoaded(object, (loaded) => {
    const { returnValue } = testRunTc(loaded, { packet: new Uint8Array(60) });
    assert.equal(returnValue, TcAction.Pass);
    const first = object.kernelFields![0]!;
    for (const wrong of [{ struct: 'sk_buf' }, { field: 'length' }, { size: 8 }]) {
      const kernelFields = [{ ...first, ...wrong }];
      assert.throws(() => loadProgram({ ...object, kernelFields }), MissingKernelFieldError);
    }
  });
});

test('kernel: a timer runs its callback, again and again', { skip }, async () => {
  const { programs } = await compileModule(path.join(folder, 'timers.ts'), { folder });
  const object = compileProgram(programs[0]!);
  const codec = codecOf(Struct({ timer: array(u64, 2), runs: u32, first: u32 }));
  const packet = new Uint8Array(60);
  await withLoaded(object, async (loaded, maps) => {
    assert.equal(testRunXdp(loaded, { packet }).returnValue, XdpAction.Pass);
    for (let attempt = 0; attempt < 200; attempt++) {
      const { runs, first } = codec.decode(maps.rounds!.lookup(Uint8Array.of(7, 0, 0, 0))!);
      if (runs === 3) return assert.equal(first, 7);
      await setTimeout(10);
    }
    assert.fail('the timer did not run three times in two seconds');
  });
});

function runCases(stem: string, program: Program): void {
  for (const { file, program: own, name, have, want } of executionCases) {
    const isOwn = file === stem && own === program.name;
    if (!isOwn || have.length < packetBytesMin) continue;
    const run = program.programType === xdpType ? testRunXdp : testRunTc;
    const { returnValue } = run(program, { packet: have });
    assert.equal(returnValue | 0, want | 0, `${stem}: ${own}: ${name}`);
  }
}
