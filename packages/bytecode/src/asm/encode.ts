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

const sizeBits = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 } as const;

/**
 * The code of a program, 8 bytes a slot, little-endian.
 *
 * @throws RangeError when an offset or immediate does not fit
 */
export function encode(instructions: readonly Instruction[]): Uint8Array {
  const slots = instructions.reduce((sum, instruction) => sum + slotCount(instruction), 0);
  const bytes = new Uint8Array(slots * 8);
  const writer = new SlotWriter(new DataView(bytes.buffer));
  for (const instruction of instructions) writer.write(instruction);
  return bytes;
}

type OfKind<K extends Instruction['kind']> = Extract<Instruction, { kind: K }>;

/** Writes instructions one after the other. */
class SlotWriter {
  private slot = 0;

  constructor(private readonly view: DataView) {}

  write(instruction: Instruction): void {
    switch (instruction.kind) {
      case 'arithmetic':
      case 'signExtend':
      case 'negate':
      case 'byteSwap':
        return this.writeArithmetic(instruction);
      case 'load':
      case 'store':
      case 'atomic':
        return this.writeMemory(instruction);
      case 'loadConstant':
        return this.writeConstant(instruction);
      default:
        return this.writeJump(instruction);
    }
  }

  /** The fields of one slot, as they lie in it. */
  private put(
    opcode: number,
    destination: number,
    source: number,
    offset: number,
    immediate: number,
  ): void {
    const { view, slot } = this;
    if (offset < -0x8000 || offset > 0x7fff) {
      throw new RangeError(`encode slot ${slot}: offset ${offset}, expected -32768 to 32767`);
    }
    view.setUint8(8 * slot, opcode);
    view.setUint8(8 * slot + 1, (source << 4) | destination);
    view.setInt16(8 * slot + 2, offset, true);
    view.setInt32(8 * slot + 4, immediate, true);
    this.slot++;
  }

  /** A slot whose second operand is a register or a number; `opcode` is without its source bit. */
  private putWith(
    operand: Operand,
    isWide: boolean,
    opcode: number,
    destination: number,
    offset: number,
  ): void {
    if (operand instanceof Register) {
      this.put(opcode | opcodes.SOURCE_REGISTER, destination, operand.number, offset, 0);
    } else {
      this.put(opcode, destination, 0, offset, checkImmediate(operand, isWide));
    }
  }

  private writeArithmetic(
    instruction: OfKind<'arithmetic' | 'signExtend' | 'negate' | 'byteSwap'>,
  ): void {
    const destination = instruction.destination.number;
    if (instruction.kind === 'byteSwap') {
      const { order, bits } = instruction;
      const family = order === 'reverse' ? OpcodeClass.Arithmetic64 : OpcodeClass.Arithmetic32;
      const opcode = opcodes.BYTE_SWAP | family | (order === 'big' ? opcodes.TO_BIG_ENDIAN : 0);
      return this.put(opcode, destination, 0, 0, bits);
    }
    const isWide = instruction.width === 64;
    const family = isWide ? OpcodeClass.Arithmetic64 : OpcodeClass.Arithmetic32;
    if (instruction.kind === 'negate') {
      return this.put(opcodes.NEGATE | family, destination, 0, 0, 0);
    }
    if (instruction.kind === 'signExtend') {
      const opcode = arithmeticTable.mov.bits | family | opcodes.SOURCE_REGISTER;
      return this.put(opcode, destination, instruction.source.number, instruction.bits, 0);
    }
    const { bits, offset } = arithmeticTable[instruction.operator];
    this.putWith(instruction.source, isWide, bits | family, destination, offset);
  }

  private writeMemory(instruction: OfKind<'load' | 'store' | 'atomic'>): void {
    const { kind, offset, size } = instruction;
    const base = instruction.base.number;
    if (kind === 'load') {
      const mode = instruction.isSigned ? Mode.MemorySigned : Mode.Memory;
      const opcode = OpcodeClass.LoadRegister | mode | sizeBits[size];
      return this.put(opcode, instruction.destination.number, base, offset, 0);
    }
    if (kind === 'atomic') {
      const immediate = atomicTable[instruction.operator] | (instruction.fetch ? opcodes.FETCH : 0);
      const opcode = OpcodeClass.StoreRegister | Mode.Atomic | sizeBits[size];
      return this.put(opcode, base, instruction.source.number, offset, immediate);
    }
    const { source } = instruction;
    if (source instanceof Register) {
      const opcode = OpcodeClass.StoreRegister | Mode.Memory | sizeBits[size];
      return this.put(opcode, base, source.number, offset, 0);
    }
    const opcode = OpcodeClass.Store | Mode.Memory | sizeBits[size];
    this.put(opcode, base, 0, offset, checkImmediate(source, true));
  }

  private writeConstant({ destination, from, value, offset }: OfKind<'loadConstant'>): void {
    const opcode = OpcodeClass.Load | Mode.Immediate | sizeBits[8];
    const low = Number(BigInt.asIntN(32, value));
    const high = from === 'value' ? Number(BigInt.asIntN(32, value >> 32n)) : offset;
    this.put(opcode, destination.number, constantSources.indexOf(from), 0, low);
    this.put(0, 0, 0, 0, high);
  }

  private writeJump(instruction: OfKind<'jump' | 'branch' | 'mayGoto' | 'call' | 'exit'>): void {
    switch (instruction.kind) {
      case 'jump': {
        const { offset, isLong } = instruction;
        return isLong
          ? this.put(opcodes.JUMP_ALWAYS | OpcodeClass.Jump32, 0, 0, 0, offset)
          : this.put(opcodes.JUMP_ALWAYS | OpcodeClass.Jump, 0, 0, offset, 0);
      }
      case 'branch': {
        const { comparison, left, right, offset } = instruction;
        const isWide = instruction.width === 64;
        const family = isWide ? OpcodeClass.Jump : OpcodeClass.Jump32;
        const opcode = comparisonTable[comparison].bits | family;
        return this.putWith(right, isWide, opcode, left.number, offset);
      }
      case 'mayGoto':
        return this.put(opcodes.MAY_GOTO | OpcodeClass.Jump, 0, 0, instruction.offset, 0);
      case 'call': {
        const { target, module, number } = instruction;
        const opcode = opcodes.CALL | OpcodeClass.Jump;
        return this.put(opcode, 0, callTargets.indexOf(target), module, number);
      }
      case 'exit':
        return this.put(opcodes.EXIT | OpcodeClass.Jump, 0, 0, 0, 0);
    }
  }
}

/** As the 32 bits that the field has. */
function checkImmediate(immediate: number, isWide: boolean): number {
  const max = isWide ? 0x7fffffff : 0xffffffff;
  if (!Number.isInteger(immediate) || immediate < -0x80000000 || immediate > max) {
    throw new RangeError(
      `encode immediate ${immediate}: expected an integer from -2147483648 to ${max}` +
        (isWide ? ' (64-bit operations extend its sign: load it with loadConstant)' : ''),
    );
  }
  return immediate | 0;
}
