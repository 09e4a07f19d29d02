/** Instructions to bytes. */
import * as opcodes from './opcodes.ts';
import {
  arithmeticTable,
  atomicTable,
  callTargets,
  comparisonTable,
  constantSources,
  Mode,
  OpcodeClass,
} from './opcodes.ts';
import { type Instruction, type Operand, Register, slotCount } from './instruction.ts';

/** The fields of one slot, as they lie in it. */
interface Slot {
  readonly opcode: number;
  readonly destination?: number;
  readonly source?: number;
  readonly offset?: number;
  readonly immediate?: number;
}

const sizeBits = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 } as const;

/**
 * The code of a program, 8 bytes a slot, little-endian.
 *
 * @throws RangeError when an offset or immediate does not fit
 */
export function encode(instructions: readonly Instruction[]): Uint8Array {
  const slots = instructions.reduce((sum, instruction) => sum + slotCount(instruction), 0);
  const bytes = new Uint8Array(slots * 8);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const instruction of instructions) {
    encodeAt(view, at, instruction);
    at += slotCount(instruction);
  }
  return bytes;
}

/**
 * Writes one instruction at a slot: what a code generator uses to fill in an offset later.
 *
 * @throws RangeError when an offset or immediate does not fit
 */
export function encodeAt(view: DataView, slot: number, instruction: Instruction): void {
  const fields = fieldsOf(instruction);
  const at = slot * 8;
  const { destination = 0, source = 0, offset = 0, immediate = 0 } = fields;
  if (offset < -0x8000 || offset > 0x7fff) {
    throw new RangeError(
      `encode ${instruction.kind} at ${slot}: offset ${offset}, expected -32768 to 32767`,
    );
  }
  view.setUint8(at, fields.opcode);
  view.setUint8(at + 1, (source << 4) | destination);
  view.setInt16(at + 2, offset, true);
  view.setInt32(at + 4, immediate, true);
  if (instruction.kind === 'loadConstant') encodeSecondSlot(view, at + 8, instruction);
}

function encodeSecondSlot(
  view: DataView,
  at: number,
  instruction: Instruction & { kind: 'loadConstant' },
): void {
  const { from, value, offset } = instruction;
  view.setUint32(at, 0);
  view.setInt32(at + 4, from === 'value' ? Number(BigInt.asIntN(32, value >> 32n)) : offset, true);
}

function fieldsOf(instruction: Instruction): Slot {
  switch (instruction.kind) {
    case 'arithmetic':
    case 'signExtend':
    case 'negate':
    case 'byteSwap':
      return arithmeticFields(instruction);
    case 'load':
    case 'store':
    case 'atomic':
    case 'loadConstant':
      return memoryFields(instruction);
    default:
      return jumpFields(instruction);
  }
}

type OfKind<K extends Instruction['kind']> = Extract<Instruction, { kind: K }>;

function arithmeticFields(
  instruction: OfKind<'arithmetic' | 'signExtend' | 'negate' | 'byteSwap'>,
): Slot {
  const destination = instruction.destination.number;
  if (instruction.kind === 'byteSwap') {
    const { order, bits } = instruction;
    const family = order === 'reverse' ? OpcodeClass.Arithmetic64 : OpcodeClass.Arithmetic32;
    const opcode = opcodes.BYTE_SWAP | family | (order === 'big' ? opcodes.TO_BIG_ENDIAN : 0);
    return { opcode, destination, immediate: bits };
  }
  const wide = instruction.width === 64;
  const family = wide ? OpcodeClass.Arithmetic64 : OpcodeClass.Arithmetic32;
  if (instruction.kind === 'negate') return { opcode: opcodes.NEGATE | family, destination };
  if (instruction.kind === 'signExtend') {
    const opcode = arithmeticTable.mov.bits | family | opcodes.SOURCE_REGISTER;
    return { opcode, destination, source: instruction.source.number, offset: instruction.bits };
  }
  const { bits, offset } = arithmeticTable[instruction.operator];
  const second = operandFields(instruction.source, wide);
  return { ...second, opcode: bits | family | second.opcode, destination, offset };
}

function memoryFields(instruction: OfKind<'load' | 'store' | 'atomic' | 'loadConstant'>): Slot {
  if (instruction.kind === 'loadConstant') {
    return {
      opcode: OpcodeClass.Load | Mode.Immediate | sizeBits[8],
      destination: instruction.destination.number,
      source: constantSources.indexOf(instruction.from),
      immediate: Number(BigInt.asIntN(32, instruction.value)),
    };
  }
  const { offset, size, base } = instruction;
  if (instruction.kind === 'load') {
    const mode = instruction.isSigned ? Mode.MemorySigned : Mode.Memory;
    return {
      opcode: OpcodeClass.LoadRegister | mode | sizeBits[size],
      destination: instruction.destination.number,
      source: base.number,
      offset,
    };
  }
  const destination = base.number;
  if (instruction.kind === 'atomic') {
    const immediate = atomicTable[instruction.operator] | (instruction.fetch ? opcodes.FETCH : 0);
    const opcode = OpcodeClass.StoreRegister | Mode.Atomic | sizeBits[size];
    return { opcode, destination, source: instruction.source.number, offset, immediate };
  }
  const second = operandFields(instruction.source, true);
  const family = second.opcode ? OpcodeClass.StoreRegister : OpcodeClass.Store;
  return { ...second, opcode: family | Mode.Memory | sizeBits[size], destination, offset };
}

function jumpFields(instruction: OfKind<'jump' | 'branch' | 'mayGoto' | 'call' | 'exit'>): Slot {
  switch (instruction.kind) {
    case 'jump':
      return instruction.isLong
        ? { opcode: opcodes.JUMP_ALWAYS | OpcodeClass.Jump32, immediate: instruction.offset }
        : { opcode: opcodes.JUMP_ALWAYS | OpcodeClass.Jump, offset: instruction.offset };
    case 'branch': {
      const wide = instruction.width === 64;
      const second = operandFields(instruction.right, wide);
      const { bits } = comparisonTable[instruction.comparison];
      const opcode = bits | (wide ? OpcodeClass.Jump : OpcodeClass.Jump32) | second.opcode;
      const destination = instruction.left.number;
      return { ...second, opcode, destination, offset: instruction.offset };
    }
    case 'mayGoto':
      return { opcode: opcodes.MAY_GOTO | OpcodeClass.Jump, offset: instruction.offset };
    case 'call':
      return {
        opcode: opcodes.CALL | OpcodeClass.Jump,
        source: callTargets.indexOf(instruction.target),
        offset: instruction.module,
        immediate: instruction.number,
      };
    case 'exit':
      return { opcode: opcodes.EXIT | OpcodeClass.Jump };
  }
}

/** The second operand; `opcode` is only its source bit. */
function operandFields(
  operand: Operand,
  wide: boolean,
): { opcode: number; source?: number; immediate?: number } {
  if (operand instanceof Register)
    return { opcode: opcodes.SOURCE_REGISTER, source: operand.number };
  const max = wide ? 0x7fffffff : 0xffffffff;
  if (!Number.isInteger(operand) || operand < -0x80000000 || operand > max) {
    throw new RangeError(
      `encode immediate ${operand}: expected an integer from -2147483648 to ${max}` +
        (wide ? ' (64-bit operations extend its sign: load it with loadConstant)' : ''),
    );
  }
  return { opcode: 0, immediate: operand | 0 };
}
