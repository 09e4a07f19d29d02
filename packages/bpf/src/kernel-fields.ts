/** Fields of the kernel's structs that programs read: found by name in the kernel's own BTF. */
import { type BtfId, BtfKind, type KernelFieldReference, type ProgramObject } from '@skep/bytecode';
import { MissingKernelFieldError } from './errors.ts';
import { kernelTypes } from './kernel-types.ts';

const SLOT_BYTES = 8;
const LOAD_16_BYTES = 0x18;
/** BPF_LDX with BPF_MEM, of any size. */
const LOAD = { mask: 0xe7, opcode: 0x61 };
/** Of an instruction's offset. */
const OFFSET_MAX = 0x7fff;
const structs = new Map<string, BtfId | undefined>();

/**
 * Writes the offsets of the kernel's fields into the constants that stand for them, and adds them
 * to those of the loads that read them.
 *
 * @throws MissingKernelFieldError where this kernel has no such field, one of another size, or too
 *   far from the struct's start for a load
 */
export function linkKernelFields(object: ProgramObject, code: Uint8Array): void {
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  for (const reference of object.kernelFields ?? []) {
    const { instruction, struct, field } = reference;
    const at = instruction * SLOT_BYTES;
    const subject = `load program ${object.name}`;
    const opcode = view.getUint8(at);
    const offset = fieldOffset(subject, reference);
    if (opcode === LOAD_16_BYTES) {
      view.setInt32(at + 4, offset, true);
    } else if ((opcode & LOAD.mask) === LOAD.opcode) {
      const sum = view.getInt16(at + 2, true) + offset;
      if (sum > OFFSET_MAX) {
        const detail = `offset ${sum}, expected at most ${OFFSET_MAX}`;
        throw new MissingKernelFieldError(subject, `${struct}.${field}`, detail);
      }
      view.setInt16(at + 2, sum, true);
    } else {
      const found = `opcode 0x${opcode.toString(16)}`;
      throw new TypeError(`${subject}: instruction ${instruction} ${found}, expected a load`);
    }
  }
}

function fieldOffset(subject: string, { struct, field, size }: KernelFieldReference): number {
  const btf = kernelTypes();
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
