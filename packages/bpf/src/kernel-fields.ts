/** Fields of the kernel's structs that programs read: found by name in the kernel's own BTF. */
import { type BtfId, BtfKind, type KernelFieldReference, type ProgramObject } from '@skep/bytecode';
import { MissingKernelFieldError } from './errors.ts';
import { kernelBtf } from './kernel-functions.ts';

const SLOT_BYTES = 8;
const LOAD_16_BYTES = 0x18;
const structs = new Map<string, BtfId | undefined>();

/**
 * Writes the offsets of the kernel's fields into the constants that stand for them.
 *
 * @throws MissingKernelFieldError where this kernel has no such field, or one of another size
 */
export function linkKernelFields(object: ProgramObject, code: Uint8Array): void {
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  for (const reference of object.kernelFields ?? []) {
    const offset = reference.instruction * SLOT_BYTES;
    const subject = `load program ${object.name}`;
    if (view.getUint8(offset) !== LOAD_16_BYTES) {
      const found = `opcode 0x${view.getUint8(offset).toString(16)}`;
      throw new TypeError(
        `${subject}: instruction ${reference.instruction} ${found}, expected 0x18`,
      );
    }
    view.setInt32(offset + 4, fieldOffset(subject, reference), true);
  }
}

function fieldOffset(subject: string, { struct, field, size }: KernelFieldReference): number {
  const btf = kernelBtf();
  if (!structs.has(struct)) structs.set(struct, btf.find(struct, BtfKind.Struct));
  const id = structs.get(struct);
  const name = `${struct}.${field}`;
  if (id === undefined) throw new MissingKernelFieldError(subject, name, 'no such struct');
  const member = btf.member(id, field);
  if (!member) throw new MissingKernelFieldError(subject, name, 'no such field');
  if (member.widthBits !== 0 || member.offsetBits % 8 !== 0) {
    throw new MissingKernelFieldError(subject, name, 'a bit field, expected whole bytes');
  }
  const found = btf.sizeOf(member.type);
  if (found === size) return member.offsetBits / 8;
  const bytes = found === undefined ? 'no size' : `${found} bytes`;
  throw new MissingKernelFieldError(subject, name, `${bytes}, expected ${size}`);
}
