import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as asm from './build.ts';
import { decode, DecodeError, decodePlaced } from './decode.ts';
import { encode } from './encode.ts';
import { type Instruction, r0, r1, r10, r2, r3, registers } from './instruction.ts';
import { type ArithmeticOperator, arithmeticTable, comparisonTable } from './opcodes.ts';
import type { AtomicOperator, Comparison } from './opcodes.ts';

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

// Bytes as clang and the kernel's own headers (include/linux/filter.h) spell them.
const known: readonly (readonly [string, Instruction, string])[] = [
  ['add64 register', asm.add64(r1, r2), '0f21000000000000'],
  ['add64 immediate', asm.add64(r1, -1), '07010000ffffffff'],
  ['mov32 immediate', asm.mov32(r3, -1), 'b4030000ffffffff'],
  ['mov64 register', asm.mov64(r0, r10), 'bfa0000000000000'],
  ['sdiv64', asm.sdiv64(r1, r2), '3f21010000000000'],
  ['smod32', asm.smod32(r1, 7), '9401010007000000'],
  ['sign extend 8 to 64', asm.signExtend(64, 8, r1, r2), 'bf21080000000000'],
  ['sign extend 16 to 32', asm.signExtend(32, 16, r1, r2), 'bc21100000000000'],
  ['negate 64', asm.negate(64, r2), '8702000000000000'],
  ['be16', asm.toBigEndian(16, r1), 'dc01000010000000'],
  ['le64', asm.toLittleEndian(64, r1), 'd401000040000000'],
  ['bswap32', asm.reverseBytes(32, r1), 'd701000020000000'],
  ['jump', asm.jump(-2), '0500feff00000000'],
  ['long jump', asm.jumpLong(70000), '0600000070110100'],
  ['branch 64', asm.branch('gt', 64, r2, r3, 5), '2d32050000000000'],
  ['branch 32 immediate', asm.branch('slt', 32, r2, -1, 1), 'c6020100ffffffff'],
  ['branch set', asm.branch('set', 64, r1, 1, 1), '4501010001000000'],
  ['may_goto', asm.mayGoto(3), 'e500030000000000'],
  ['constant', asm.loadConstant(r1, 0x1122334455667788n), '18010000887766550000000044332211'],
  ['map', asm.loadMap(r1, 7), '18110000070000000000000000000000'],
  ['map value', asm.loadMapValue(r1, 7, 4), '18210000070000000000000004000000'],
  ['code', asm.loadCode(r2, 9), '18420000090000000000000000000000'],
  ['load u32', asm.load(4, r1, r1, 76), '61114c0000000000'],
  ['load s16', asm.loadSigned(2, r1, r2, -2), '8921feff00000000'],
  ['store register', asm.store(8, r10, -8, r1), '7b1af8ff00000000'],
  ['store immediate', asm.store(1, r10, -1, -1), '720affffffffffff'],
  ['atomic add', asm.atomic('add', 8, r1, 16, r2), 'db21100000000000'],
  ['atomic fetch or', asm.atomic('or', 4, r1, 0, r2, true), 'c321000041000000'],
  ['exchange', asm.atomic('exchange', 8, r1, 0, r2), 'db210000e1000000'],
  ['compare exchange', asm.atomic('compareExchange', 8, r1, 0, r2), 'db210000f1000000'],
  ['call helper', asm.callHelper(1), '8500000001000000'],
  ['call subprogram', asm.callSubprogram(-3), '85100000fdffffff'],
  ['call kernel function', asm.callKernelFunction(4711, 1), '8520010067120000'],
  ['exit', asm.exit(), '9500000000000000'],
];

for (const [name, instruction, expected] of known) {
  test(`encode ${name}`, () => {
    assert.equal(hex(encode([instruction])), expected);
    assert.deepEqual(decode(bytes(expected)), [instruction]);
  });
}

function everyInstruction(): Instruction[] {
  const all: Instruction[] = [];
  for (const width of [32, 64] as const) {
    for (const operator of Object.keys(arithmeticTable) as ArithmeticOperator[]) {
      for (const source of [r3, -5]) all.push(asm.arithmetic(operator, width, r2, source));
    }
    for (const comparison of Object.keys(comparisonTable) as Comparison[]) {
      for (const right of [r3, 9]) all.push(asm.branch(comparison, width, r1, right, -1));
    }
    all.push(asm.negate(width, r1), asm.signExtend(width, 8, r1, r2));
  }
  for (const size of [1, 2, 4, 8] as const) {
    all.push(asm.load(size, r1, r2, -4), asm.store(size, r1, 6, r2), asm.store(size, r1, 6, 77));
    if (size !== 8) all.push(asm.loadSigned(size, r1, r2, 8));
  }
  for (const operator of ['add', 'or', 'and', 'xor', 'exchange', 'compareExchange'] as const) {
    for (const size of [4, 8] as const) {
      all.push(asm.atomic(operator satisfies AtomicOperator, size, r1, 8, r2, true));
    }
  }
  for (const bits of [16, 32, 64] as const) {
    all.push(asm.toBigEndian(bits, r1), asm.toLittleEndian(bits, r1), asm.reverseBytes(bits, r1));
  }
  return all;
}

test('everything encoded decodes to itself', () => {
  const all = everyInstruction();
  assert.deepEqual(decode(encode(all)), all);
});

test('no two instructions have the same bytes', () => {
  const all = everyInstruction();
  assert.equal(new Set(all.map((instruction) => hex(encode([instruction])))).size, all.length);
});

test('every opcode byte either decodes to what encodes to it, or is refused', () => {
  for (let opcode = 0; opcode < 256; opcode++) {
    const code = new Uint8Array(opcode === 0x18 ? 16 : 8);
    code[0] = opcode;
    let decoded: Instruction[];
    try {
      decoded = decode(code);
    } catch (error) {
      assert.ok(error instanceof DecodeError);
      continue;
    }
    assert.equal(hex(encode(decoded)), hex(code));
  }
});

test('slots count the second half of a constant', () => {
  const code = encode([asm.loadMap(r1), asm.mov64(r0, 0), asm.exit()]);
  assert.deepEqual(
    decodePlaced(code).map((placed) => placed.slot),
    [0, 2, 3],
  );
});

test('registers are found by number', () => {
  registers.forEach((register, number) => {
    assert.equal(register.number, number);
    assert.equal(`${register}`, `r${number}`);
  });
});

const malformed: readonly (readonly [string, string, RegExp])[] = [
  ['half an instruction', '95000000', /code of 4 bytes, expected a multiple of 8/],
  ['half a constant', '1801000000000000', /without its second half/],
  ['register 11', 'bf0b000000000000', /destination register 11, expected 0 to 10/],
  ['reserved immediate', '0f21000001000000', /reserved field immediate is 1/],
  ['reserved source', '0721000001000000', /reserved field source is 2/],
  ['swap of 8 bits', 'dc01000008000000', /byte swap of 8 bits/],
  ['move of 32 bits, 32 wide', 'bc21200000000000', /move of 32 bits/],
  ['signed load of 8', '9921000000000000', /unknown opcode 0x99/],
  ['atomic of 2 bytes', 'cb21000000000000', /unknown opcode 0xcb/],
  ['exchange without fetch', 'db210000e0000000', /atomic operation 0xe0/],
  ['constant source 7', '18710000000000000000000000000000', /constant source 7/],
  ['call kind 3', '8530000001000000', /call kind 3/],
  ['legacy packet load', '2000000000000000', /unknown opcode 0x20/],
  ['division offset 2', '3f21020000000000', /unknown opcode 0x3f with offset 2/],
];

for (const [name, code, message] of malformed) {
  test(`decode refuses ${name}`, () => {
    assert.throws(() => decode(bytes(code)), message);
  });
}

test('encode refuses what does not fit', () => {
  assert.throws(() => encode([asm.mov64(r1, 0xffffffff)]), /extend its sign/);
  assert.throws(() => encode([asm.mov32(r1, 2 ** 32)]), /expected an integer/);
  assert.throws(() => encode([asm.add64(r1, 0.5)]), /expected an integer/);
  assert.throws(() => encode([asm.jump(40000)]), /offset 40000, expected -32768 to 32767/);
  assert.throws(() => encode([asm.load(4, r1, r1, -40000)]), /offset -40000/);
});

test('a 32-bit immediate may be written unsigned', () => {
  assert.deepEqual(encode([asm.mov32(r1, 0xffffffff)]), encode([asm.mov32(r1, -1)]));
});
