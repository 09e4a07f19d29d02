/** Programs of testdata/ run on the machine: what they compute, not only what they look like. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type LoadedProgram, Machine } from '@skep/bytecode';
import { compileProgram } from '../codegen/compile-program.ts';
import { formatDiagnostics } from '../diagnostics/report.ts';
import { loadTimeNames } from '../ir/specialise.ts';
import { compileModule } from './compile.ts';
import { executionCases, ipv4, word } from './testing/execution-cases.ts';
import { testTargets } from './testing/test-targets.ts';

const folder = fileURLToPath(new URL('../../testdata', import.meta.url));

/**
 * The programs of one case, by name, for each kind of kernel, each with maps of its own; load-time
 * constants are `loadTime` or 0.
 */
async function load(
  name: string,
  loadTime: Record<string, number> = {},
): Promise<Map<string, LoadedProgram[]>> {
  const { programs, diagnostics } = await compileModule(path.join(folder, `${name}.ts`));
  assert.equal(formatDiagnostics(diagnostics), '');
  const loaded = new Map<string, LoadedProgram[]>();
  for (const program of programs) {
    const names = loadTimeNames(program).map((each) => [each, loadTime[each] ?? 0] as const);
    const versions = Object.values(testTargets).map((target) => {
      return compileProgram(program, { loadTime: Object.fromEntries(names), target });
    });
    loaded.set(
      program.name,
      versions.map((object) => new Machine().load(object)),
    );
  }
  return loaded;
}

const files = new Map<string, Promise<Map<string, LoadedProgram[]>>>();
for (const { file, program, name, have, want } of executionCases) {
  test(`run ${file}: ${program}: ${name}`, async () => {
    const loading = files.get(file) ?? load(file);
    files.set(file, loading);
    const loaded = (await loading).get(program);
    assert.ok(loaded, `no program ${program}`);
    for (const each of loaded) assert.equal(each.run({ packet: have }).returnValue, want | 0);
  });
}

test('load-time constants are bound', async () => {
  const [open] = (await load('load-time')).get('bound')!;
  assert.equal(open!.run({ packet: word(0) }).returnValue, 2);
  const [closed] = (await load('load-time', { enforced: 1, limit: 60, endpoint: 77, mark: 5 })).get(
    'bound',
  )!;
  const { returnValue, packet } = closed!.run({ packet: word(0) });
  assert.deepEqual([returnValue, packet[0]], [77, 5]);
});

test('inlined functions change what they are given', async () => {
  const [route] = (await load('inlining')).get('route')!;
  assert.equal(route!.run({ packet: ipv4({}) }).packet[22], 61);
  assert.equal(route!.run({ packet: ipv4({ 6: 0x20 }) }).packet[22], 64);
});

test('a trace prints on the machine too, once in an interval', async () => {
  const { programs } = await compileModule(path.join(folder, 'variables.ts'));
  const program = programs.find(({ name }) => name === 'traced')!;
  let clock = 1_000_000_000n;
  const machine = new Machine({ clock: () => clock });
  const loaded = machine.load(compileProgram(program, { traces: true }));
  const prints = [0n, 1n, 9_999_999n, 10_000_000n, 10_000_001n].map((passed) => {
    clock = 1_000_000_000n + passed;
    return loaded.run({ packet: word(0) }).helperCalls.get('trace_printk') ?? 0;
  });
  assert.deepEqual(prints, [1, 0, 0, 1, 0]);
});
