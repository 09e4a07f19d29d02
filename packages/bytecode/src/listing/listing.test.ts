import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as asm from '../asm/build.ts';
import { type Instruction, r0, r1, r10, r2, r3 } from '../asm/instruction.ts';
import type { MapShape } from '../object.ts';
import { sampleProgram } from '../testing/sample-program.ts';
import { formatInstruction } from './format.ts';
import { helperName } from './helper-names.ts';
import { formatProgram, functionOf, sourceOf } from './listing.ts';

/** As kernel/bpf/disasm.c writes them, but for the targets of jumps. */
const texts: readonly (readonly [Instruction, string])[] = [
  [asm.add64(r1, r2), 'r1 += r2'],
  [asm.sdiv32(r1, 5), 'w1 s/= 5'],
  [asm.sar64(r1, 3), 'r1 s>>= 3'],
  [asm.mov32(r3, r1), 'w3 = w1'],
  [asm.signExtend(64, 8, r1, r2), 'r1 = (s8)r2'],
  [asm.signExtend(32, 16, r1, r2), 'w1 = (s16)w2'],
  [asm.negate(64, r1), 'r1 = -r1'],
  [asm.toBigEndian(16, r1), 'r1 = be16 r1'],
  [asm.reverseBytes(64, r1), 'r1 = bswap64 r1'],
  [asm.jump(-3), 'goto -3'],
  [asm.jumpLong(70000), 'gotol +70000'],
  [asm.branch('gt', 64, r2, r3, 5), 'if r2 > r3 goto +5'],
  [asm.branch('slt', 32, r2, -1, 5), 'if w2 s< -1 goto +5'],
  [asm.mayGoto(2), 'may_goto +2'],
  [asm.load(4, r1, r1, 76), 'r1 = *(u32 *)(r1 +76)'],
  [asm.loadSigned(1, r1, r2, 0), 'r1 = *(s8 *)(r2 +0)'],
  [asm.store(8, r10, -8, r1), '*(u64 *)(r10 -8) = r1'],
  [asm.store(2, r10, -8, 7), '*(u16 *)(r10 -8) = 7'],
  [asm.atomic('add', 8, r1, 0, r2), 'lock *(u64 *)(r1 +0) += r2'],
  [asm.atomic('or', 4, r1, 4, r2, true), 'r2 = atomic_fetch_or((u32 *)(r1 +4), r2)'],
  [asm.atomic('exchange', 8, r1, 0, r2), 'r2 = atomic64_xchg((u64 *)(r1 +0), r2)'],
  [asm.atomic('compareExchange', 8, r1, 0, r2), 'r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)'],
  [asm.loadConstant(r1, -1n), 'r1 = 0xffffffffffffffff ll'],
  [asm.loadMap(r1, 4), 'r1 = map[4]'],
  [asm.loadMapValue(r1, 4, 8), 'r1 = map[4][0]+8'],
  [asm.callHelper(1), 'call bpf_map_lookup_elem#1'],
  [asm.callHelper(9999), 'call helper#9999'],
  [asm.callSubprogram(4), 'call +4'],
  [asm.callKernelFunction(12), 'call kernel-function#12'],
  [asm.exit(), 'exit'],
];

for (const [instruction, text] of texts) {
  test(`format ${text}`, () => {
    assert.equal(formatInstruction(instruction), text);
  });
}

test('helpers have their names', () => {
  assert.equal(helperName(155), 'redirect_peer');
  assert.equal(helperName(0), undefined);
  assert.equal(helperName(1000), undefined);
});

const ports: MapShape = {
  name: 'ports',
  kind: 'hash',
  keySize: 4,
  valueSize: 4,
  maxEntries: 1,
  flags: 0,
};
const call = { file: 'count.ts', line: 4, column: 3, text: '  count(ports);' };
const back = { file: 'count.ts', line: 9, column: 3, text: '  return XDP_PASS;' };
const object = sampleProgram(
  [asm.loadMap(r1), asm.callSubprogram(1), asm.exit(), asm.mov64(r0, 2), asm.exit()],
  [ports],
  {
    functions: [
      { instruction: 0, name: 'sample' },
      { instruction: 4, name: 'count' },
    ],
    lines: [
      { ...call, instruction: 0 },
      { ...call, instruction: 2, column: 9 },
      { ...back, instruction: 4 },
    ],
  },
);

test('a listing shows functions, source lines once, and names of maps and subprograms', () => {
  assert.equal(
    formatProgram(object),
    [
      'sample:',
      '  ; count(ports); @ count.ts:4',
      '     0: r1 = map[name:ports]',
      '     2: call count',
      '     3: exit',
      'count:',
      '  ; return XDP_PASS; @ count.ts:9',
      '     4: r0 = 2',
      '     5: exit',
      '',
    ].join('\n'),
  );
});

test('a slot belongs to a source line and a function', () => {
  assert.equal(sourceOf(object, 3)?.column, 9);
  assert.equal(sourceOf(object, 5)?.line, 9);
  assert.equal(functionOf(object, 3), 'sample');
  assert.equal(functionOf(object, 5), 'count');
});
