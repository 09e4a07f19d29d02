/** Functions of the kernel that programs call: found by name in the kernel's own BTF. */
import {
  type Btf,
  BtfKind,
  cPrototype,
  type KernelFunctionReference,
  type ProgramObject,
} from '@skep/bytecode';
import { KernelFunctionShapeError, MissingKernelFunctionError } from './errors.ts';
import { kernelTypes } from './kernel-types.ts';

const SLOT_BYTES = 8;
/** BPF_JMP | BPF_CALL; the source register says of what. */
const CALL = 0x85;

const numbers = new Map<string, number | undefined>();

/** The number of a function in the kernel's BTF; `undefined` where this kernel has none. */
export function kernelFunctionId(name: string): number | undefined {
  if (!numbers.has(name)) numbers.set(name, kernelTypes().find(name, BtfKind.Function));
  return numbers.get(name);
}

/**
 * Writes the numbers of kernel functions into the calls that name them.
 *
 * @throws MissingKernelFunctionError, KernelFunctionShapeError
 */
export function linkKernelFunctions(object: ProgramObject, code: Uint8Array): void {
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  for (const use of object.kernelFunctions ?? []) {
    const { instruction, name } = use;
    const offset = instruction * SLOT_BYTES;
    const subject = `load program ${object.name}`;
    if (view.getUint8(offset) !== CALL) {
      const found = `opcode 0x${view.getUint8(offset).toString(16)}`;
      throw new TypeError(`${subject}: instruction ${instruction} ${found}, expected a call`);
    }
    const id = kernelFunctionId(name);
    if (id === undefined) throw new MissingKernelFunctionError(subject, name);
    const difference = compareShapes(use, kernelTypes(), id);
    if (difference) throw new KernelFunctionShapeError(subject, name, difference);
    view.setInt32(offset + 4, id, true);
  }
}

/**
 * How a call differs from what the kernel has: in the number of its arguments, or in the size of a
 * result that is used. What each argument may be the verifier knows better.
 */
export function compareShapes(
  { parameters, resultBytes }: KernelFunctionReference,
  types: Btf,
  id: number,
): string | undefined {
  const prototype = types.prototype(id);
  const count = prototype.parameters.length;
  const bytes = types.sizeOf(prototype.result) ?? 0;
  const kernels = `the kernel's is ${cPrototype(types, id)}`;
  if (parameters !== undefined && parameters !== count) {
    return `found ${counted(parameters, 'argument')}, expected ${count}: ${kernels}`;
  }
  if (resultBytes && resultBytes !== bytes) {
    const expected = bytes === 0 ? 'none' : counted(bytes, 'byte');
    return `found a result of ${counted(resultBytes, 'byte')}, expected ${expected}: ${kernels}`;
  }
  return undefined;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
