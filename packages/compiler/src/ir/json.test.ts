import assert from 'node:assert/strict';
import test from 'node:test';
import { generateRecipe } from '../fuzz/generate.ts';
import { lowerRecipe } from '../fuzz/lower.ts';
import { Random } from '../fuzz/random.ts';
import { FunctionBuilder } from './builder.ts';
import { copyProgram } from './copy.ts';
import type { IrProgram } from './ir.ts';
import { checksumOf } from './json-format.ts';
import { parsePrograms } from './parse-programs.ts';
import { printProgram } from './print.ts';
import { writePrograms } from './write-programs.ts';

function sample(): IrProgram {
  const b = new FunctionBuilder('f', { file: 'a.ts', line: 1, column: 2, text: 'text' });
  b.position = { file: 'a.ts', line: 2, column: 1, text: 'return' };
  const pointer = b.packetPointer(b.context(), b.parameter(1));
  b.atomicAdd(pointer, { offset: -4, size: 8, space: 'any' }, b.loadTime('limit', 64));
  b.callSubprogram('g', [b.constant(1n << 63n, 64)], true);
  b.return(b.load(b.slot('s', 4), { offset: 0, size: 4, space: 'stack' }));
  return { name: 'f', programType: 6, license: 'GPL', functions: [b.finish()] };
}

function swappedPort(): IrProgram {
  const b = new FunctionBuilder('port');
  const port = b.load(b.context(), { offset: 24, size: 4, space: 'context' });
  b.return(b.byteSwap(port, 16, true));
  return { name: 'port', programType: 18, license: 'GPL', functions: [b.finish()] };
}

test('what is known of a byte swap survives', () => {
  const [read] = parsePrograms(writePrograms([swappedPort()]));
  const swapped = copyProgram(read!).functions[0]!.blocks[0]!.values.at(-1);
  assert.deepEqual(swapped!.operation, { op: 'byteSwap', bits: 16, isWhole: true });
});

test('what is declared of the result of a kernel function survives', () => {
  const b = new FunctionBuilder('calls');
  b.callKernelFunction('bpf_iter_num_new', [b.constant(0, 64)], 4);
  b.callKernelFunction('bpf_iter_num_destroy', [b.constant(0, 64)]);
  b.return(b.constant(0, 64));
  const program = { name: 'calls', programType: 6, license: 'GPL', functions: [b.finish()] };
  const [read] = parsePrograms(writePrograms([program]));
  const calls = copyProgram(read!).functions[0]!.blocks[0]!.values;
  const common = { op: 'callKernelFunction', movesPacket: false };
  assert.deepEqual(
    calls.map(({ operation }) => operation),
    [
      { ...common, name: 'bpf_iter_num_new', resultBytes: 4 },
      { ...common, name: 'bpf_iter_num_destroy' },
    ],
  );
});

test('programs survive writing and reading; writing again gives the same text', () => {
  const recipes = [1, 2, 3].map((seed) =>
    lowerRecipe(generateRecipe(new Random(seed), { statements: 10 })),
  );
  const programs = [sample(), ...recipes];
  const text = writePrograms(programs);
  const read = parsePrograms(text);
  assert.equal(writePrograms(read), text);
  const printed = programs.map((program) => printProgram(copyProgram(program)));
  assert.deepEqual(
    read.map((program) => printProgram(copyProgram(program))),
    printed,
  );
  assert.deepEqual(read[0]!.functions[0]!.position, programs[0]!.functions[0]!.position);
});

const damages: [string, (text: string) => string, RegExp][] = [
  ['not json', (text) => text.slice(1), /parse programs: not json/],
  ['another format', (text) => text.replace('skep-ir', 'other'), /programs\.format: found "other"/],
  ['another version', (text) => text.replace('"version":2', '"version":9'), /found 9, expected 2/],
  ['another constant', (text) => text.replace('"9223', '"9222'), /checksum: .* is damaged/],
  ['half a file', (text) => text.slice(0, -20), /checksum: .* is damaged/],
];

for (const [name, damage, expected] of damages) {
  test(`reading refuses ${name}`, () => {
    const text = writePrograms([sample()]);
    const damaged = damage(text);
    assert.notEqual(damaged, text);
    assert.throws(() => parsePrograms(damaged), expected);
  });
}

/** What a writer with a defect would write. */
const defects: [string, string, string, RegExp][] = [
  ['an unknown operation', '"context"', '"contest"', /found "contest"/],
  ['a value that is not there', '[0,0,2,0,1,', '[0,0,2,0,999,', /found 999/],
  ['too few integers', '"ends":[1,5,0]', '"ends":[1,5]', /more than 2/],
  ['too many integers', '"ends":[1,5,0]', '"ends":[1,5,0,7]', /the end/],
  ['half an integer', '"blocks":[0,6]', '"blocks":[0.5,6]', /found 0.5/],
  ['no block', '"blocks":[0,6]', '"blocks":[]', /more than 0 integers/],
  ['a wrong size', '-4,8,"any"', '-4,7,"any"', /found 7, expected one of/],
];

for (const [name, have, defect, expected] of defects) {
  test(`reading refuses ${name}, also where the checksum is right`, () => {
    const [head, body] = writePrograms([sample()]).split('\n') as [string, string];
    const wrong = body.replace(have, defect);
    assert.notEqual(wrong, body);
    const checked = { ...JSON.parse(head), checksum: checksumOf(wrong) };
    assert.throws(() => parsePrograms(`${JSON.stringify(checked)}\n${wrong}\n`), expected);
  });
}

test('writing refuses a use before its value', () => {
  const program = sample();
  const [, , pointer, add] = program.functions[0]!.blocks[0]!.values;
  pointer!.operands = [pointer!.operands[0]!, add!];
  assert.throws(() => writePrograms([program]), /is not known there/);
});
