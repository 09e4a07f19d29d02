/** Functions of the kernel that programs call: found by name in the kernel's own BTF. */
import { readFileSync } from 'node:fs';
import { Btf, BtfKind, type ProgramObject } from '@skep/bytecode';
import { MissingKernelFunctionError } from './errors.ts';

const KERNEL_BTF = '/sys/kernel/btf/vmlinux';
const SLOT_BYTES = 8;
/** BPF_JMP | BPF_CALL; the source register says of what. */
const CALL = 0x85;

let kernel: Btf | undefined;
const numbers = new Map<string, number | undefined>();

/** The kernel's types, read once. @throws Error where the kernel was built without them */
export function kernelBtf(): Btf {
  kernel ??= new Btf(readFileSync(KERNEL_BTF));
  return kernel;
}

/** The number of a function in the kernel's BTF; `undefined` where this kernel has none. */
export function kernelFunctionId(name: string): number | undefined {
  if (!numbers.has(name)) numbers.set(name, kernelBtf().find(name, BtfKind.Function));
  return numbers.get(name);
}

/**
 * Writes the numbers of kernel functions into the calls that name them.
 *
 * @throws MissingKernelFunctionError
 */
export function linkKernelFunctions(object: ProgramObject, code: Uint8Array): void {
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  for (const { instruction, name } of object.kernelFunctions ?? []) {
    const offset = instruction * SLOT_BYTES;
    const subject = `load program ${object.name}`;
    if (view.getUint8(offset) !== CALL) {
      const found = `opcode 0x${view.getUint8(offset).toString(16)}`;
      throw new TypeError(`${subject}: instruction ${instruction} ${found}, expected a call`);
    }
    const id = kernelFunctionId(name);
    if (id === undefined) throw new MissingKernelFunctionError(subject, name);
    view.setInt32(offset + 4, id, true);
  }
}
