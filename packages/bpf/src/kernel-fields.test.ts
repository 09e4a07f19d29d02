import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { asm, encode, type KernelFieldReference, type ProgramObject, r1, r2 } from '@skep/bytecode';
import { linkKernelFields } from './kernel-fields.ts';

const skip = existsSync('/sys/kernel/btf/vmlinux') ? false : 'this kernel has no btf';

/** skc_state of struct sock_common has one byte, at the same place on all kernels so far. */
const state = { instruction: 0, struct: 'sock_common', field: 'skc_state', size: 1 };
const STATE_OFFSET = 18;

function link(code: Uint8Array, reference: KernelFieldReference = state): DataView {
  const object: ProgramObject = {
    ...{ name: 'reads', programType: 26, license: 'GPL', code, stackBytes: 0 },
    ...{ maps: [], mapReferences: [], functions: [], lines: [], kernelFields: [reference] },
  };
  linkKernelFields(object, code);
  return new DataView(code.buffer, code.byteOffset);
}

test('an offset becomes the constant, or is added to that of the load', { skip }, () => {
  const constant = link(encode([asm.loadConstant(r1, 0n)]));
  assert.equal(constant.getInt32(4, true), STATE_OFFSET);
  assert.equal(link(encode([asm.load(1, r1, r2, 0)])).getInt16(2, true), STATE_OFFSET);
  assert.equal(link(encode([asm.load(1, r1, r2, 2)])).getInt16(2, true), STATE_OFFSET + 2);
});

test('what cannot be is refused by name', { skip }, () => {
  const load = (offset: number): Uint8Array => encode([asm.load(1, r1, r2, offset)]);
  const cases: readonly [Uint8Array, Partial<KernelFieldReference>, RegExp][] = [
    [load(0x7ff8), {}, /sock_common\.skc_state: found offset 32778, expected at most 32767/],
    [load(0), { field: 'no' }, /sock_common\.no: found no such field/],
    [load(0), { struct: 'no' }, /no\.skc_state: found no such struct/],
    [load(0), { size: 4 }, /sock_common\.skc_state: found 1 bytes, expected 4/],
    [encode([asm.exit()]), {}, /instruction 0 opcode 0x95, expected a load/],
  ];
  for (const [code, changes, message] of cases) {
    const before = Uint8Array.from(code);
    assert.throws(() => link(code, { ...state, ...changes }), message);
    assert.deepEqual(code, before);
  }
});
