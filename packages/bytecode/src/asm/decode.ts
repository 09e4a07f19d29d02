/** Bytes to instructions: the inverse of `encode`. Reserved fields must be zero. */
import * as opcodes from './opcodes.ts';
import {
  accessSizes,
  arithmeticTable,
  atomicTable,
  callTargets,
  comparisonTable,
  constantSources,
  Mode,
  OpcodeClass,
  type ArithmeticOperator,
  type AtomicOperator,
  type Comparison,
} from './opcodes.ts';
import { type Instruction, type Operand, type Register, registers } from './instruction.ts';

/** Where a slot's bytes are no instruction of RFC 9669. */
export class DecodeError extends Error {
  readonly code = 'DECODE';
  constructor(
    readonly slot: number,
    detail: string,
  ) {
    super(`decode instruction ${slot}: ${detail}`);
    this.name = 'DecodeError';
  }
}

/** An instruction and the slot at which it begins. */
export interface Placed {
  readonly slot: number;
  readonly instruction: Instruction;
}

/** The raw fields of one slot. */
interface Fields {
  readonly slot: number;
  readonly opcode: number;
  readonly destination: number;
  readonly source: number;
  readonly offset: number;
  readonly immediate: number;
}

/**
 * All instructions of a program's code.
 *
 * @throws DecodeError where the bytes are no instruction, or end in the middle of one
 */
export function decode(code: Uint8Array): Instruction[] {
  return decodePlaced(code).map((placed) => placed.instruction);
}

/**
 * As `decode`, with the slot of each: what jump offsets, map references and lines count.
 *
 * @throws DecodeError where the bytes are no instruction, or end in the middle of one
 */
export function decodePlaced(code: Uint8Array): Placed[] {
  if (code.length % 8 !== 0) {
    throw new DecodeError(
      code.length >> 3,
      `code of ${code.length} bytes, expected a multiple of 8`,
    );
  }
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const placed: Placed[] = [];
  for (let slot = 0; slot < code.length / 8; ) {
    const instruction = decodeAt(view, slot);
    placed.push({ slot, instruction });
    slot += instruction.kind === 'loadConstant' ? 2 : 1;
  }
  return placed;
}

function decodeAt(view: DataView, slot: number): Instruction {
  const fields = readFields(view, slot);
  switch (fields.opcode & 7) {
    case OpcodeClass.Load:
      return decodeConstant(view, fields);
    case OpcodeClass.LoadRegister:
      return decodeLoad(fields);
    case OpcodeClass.Store:
    case OpcodeClass.StoreRegister:
      return decodeStore(fields);
    case OpcodeClass.Jump:
    case OpcodeClass.Jump32:
      return decodeJump(fields);
    default:
      return decodeArithmetic(fields);
  }
}

function readFields(view: DataView, slot: number): Fields {
  const at = slot * 8;
  const pair = view.getUint8(at + 1);
  return {
    slot,
    opcode: view.getUint8(at),
    destination: pair & 15,
    source: pair >> 4,
    offset: view.getInt16(at + 2, true),
    immediate: view.getInt32(at + 4, true),
  };
}

function decodeConstant(view: DataView, fields: Fields): Instruction {
  const { slot, source, immediate } = fields;
  if (fields.opcode !== 0x18) throw unknown(fields);
  if ((slot + 2) * 8 > view.byteLength) {
    throw new DecodeError(slot, '64-bit constant load without its second half');
  }
  const second = readFields(view, slot + 1);
  demandZero(fields, 'offset');
  for (const name of ['opcode', 'destination', 'source', 'offset'] as const)
    demandZero(second, name);
  const from = constantSources[source];
  if (!from) throw new DecodeError(slot, `constant source ${source}, expected 0 to 6`);
  const destination = register(fields, 'destination');
  if (from !== 'value') {
    const value = BigInt(immediate);
    return { kind: 'loadConstant', from, destination, value, offset: second.immediate };
  }
  const value = (BigInt(second.immediate >>> 0) << 32n) | BigInt(immediate >>> 0);
  return { kind: 'loadConstant', from, destination, value, offset: 0 };
}

function decodeLoad(fields: Fields): Instruction {
  const size = accessSizes.get(fields.opcode & 0x18)!;
  const mode = fields.opcode & 0xe0;
  const isSigned = mode === Mode.MemorySigned;
  if ((mode !== Mode.Memory && !isSigned) || (isSigned && size === 8)) throw unknown(fields);
  demandZero(fields, 'immediate');
  const { offset } = fields;
  const destination = register(fields, 'destination');
  return { kind: 'load', size, isSigned, destination, base: register(fields, 'source'), offset };
}

function decodeStore(fields: Fields): Instruction {
  const size = accessSizes.get(fields.opcode & 0x18)!;
  const mode = fields.opcode & 0xe0;
  const isRegister = (fields.opcode & 7) === OpcodeClass.StoreRegister;
  const base = register(fields, 'destination');
  const { offset, immediate } = fields;
  if (mode === Mode.Memory) {
    demandZero(fields, isRegister ? 'immediate' : 'source');
    const source = isRegister ? register(fields, 'source') : immediate;
    return { kind: 'store', size, base, offset, source };
  }
  if (mode !== Mode.Atomic || !isRegister || size < 4) throw unknown(fields);
  const operator = atomicOperators.get(immediate & ~opcodes.FETCH);
  const fetch = (immediate & opcodes.FETCH) !== 0;
  const mustFetch = operator === 'exchange' || operator === 'compareExchange';
  if (!operator || (mustFetch && !fetch)) {
    throw new DecodeError(fields.slot, `atomic operation 0x${(immediate >>> 0).toString(16)}`);
  }
  const source = register(fields, 'source');
  return { kind: 'atomic', operator, fetch, size: size as 4 | 8, base, offset, source };
}

function decodeJump(fields: Fields): Instruction {
  const { opcode, offset, immediate } = fields;
  const isNarrow = (opcode & 7) === OpcodeClass.Jump32;
  const comparison = comparisons.get(opcode & 0xf0);
  if (comparison) {
    const right = operand(fields);
    const left = register(fields, 'destination');
    return { kind: 'branch', comparison, width: isNarrow ? 32 : 64, left, right, offset };
  }
  if (opcode & opcodes.SOURCE_REGISTER) throw unknown(fields);
  demandZero(fields, 'destination');
  if ((opcode & 0xf0) === opcodes.CALL && !isNarrow) return decodeCall(fields);
  demandZero(fields, 'source');
  if ((opcode & 0xf0) === opcodes.JUMP_ALWAYS) {
    demandZero(fields, isNarrow ? 'offset' : 'immediate');
    return { kind: 'jump', isLong: isNarrow, offset: isNarrow ? immediate : offset };
  }
  if (isNarrow) throw unknown(fields);
  demandZero(fields, 'immediate');
  if ((opcode & 0xf0) === opcodes.MAY_GOTO) return { kind: 'mayGoto', offset };
  if ((opcode & 0xf0) !== opcodes.EXIT) throw unknown(fields);
  demandZero(fields, 'offset');
  return { kind: 'exit' };
}

function decodeCall(fields: Fields): Instruction {
  const target = callTargets[fields.source];
  if (!target) throw new DecodeError(fields.slot, `call kind ${fields.source}, expected 0 to 2`);
  if (target !== 'kernelFunction') demandZero(fields, 'offset');
  return { kind: 'call', target, number: fields.immediate, module: fields.offset };
}

function decodeArithmetic(fields: Fields): Instruction {
  const { opcode, offset } = fields;
  const width = (opcode & 7) === OpcodeClass.Arithmetic64 ? 64 : 32;
  const destination = register(fields, 'destination');
  if ((opcode & 0xf0) === opcodes.BYTE_SWAP) return decodeByteSwap(fields);
  if ((opcode & 0xf0) === opcodes.NEGATE) {
    if (opcode & opcodes.SOURCE_REGISTER) throw unknown(fields);
    for (const name of ['source', 'offset', 'immediate'] as const) demandZero(fields, name);
    return { kind: 'negate', width, destination };
  }
  const isMove = (opcode & 0xf0) === arithmeticTable.mov.bits;
  if (isMove && offset !== 0) {
    const isKnown = offset === 8 || offset === 16 || (offset === 32 && width === 64);
    if (!isKnown || !(opcode & opcodes.SOURCE_REGISTER)) {
      throw new DecodeError(fields.slot, `move of ${offset} bits, expected 8, 16 or (64-bit) 32`);
    }
    demandZero(fields, 'immediate');
    const source = register(fields, 'source');
    return { kind: 'signExtend', width, bits: offset, destination, source };
  }
  const operator = operators.get(((opcode & 0xf0) << 16) | (offset & 0xffff));
  if (!operator) throw unknown(fields);
  return { kind: 'arithmetic', operator, width, destination, source: operand(fields) };
}

function decodeByteSwap(fields: Fields): Instruction {
  const { opcode, immediate: bits } = fields;
  demandZero(fields, 'source');
  demandZero(fields, 'offset');
  const isReverse = (opcode & 7) === OpcodeClass.Arithmetic64;
  const isBig = (opcode & opcodes.TO_BIG_ENDIAN) !== 0;
  if (isReverse && isBig) throw unknown(fields);
  if (bits !== 16 && bits !== 32 && bits !== 64) {
    throw new DecodeError(fields.slot, `byte swap of ${bits} bits, expected 16, 32 or 64`);
  }
  const order = isReverse ? 'reverse' : isBig ? 'big' : 'little';
  return { kind: 'byteSwap', order, bits, destination: register(fields, 'destination') };
}

const operators = new Map(
  Object.entries(arithmeticTable).map(([name, row]) => [
    (row.bits << 16) | row.offset,
    name as ArithmeticOperator,
  ]),
);
const comparisons = new Map(
  Object.entries(comparisonTable).map(([name, row]) => [row.bits, name as Comparison]),
);
const atomicOperators = new Map(
  Object.entries(atomicTable).map(([name, bits]) => [bits, name as AtomicOperator]),
);

function operand(fields: Fields): Operand {
  const isRegister = (fields.opcode & opcodes.SOURCE_REGISTER) !== 0;
  demandZero(fields, isRegister ? 'immediate' : 'source');
  return isRegister ? register(fields, 'source') : fields.immediate;
}

function register(fields: Fields, name: 'destination' | 'source'): Register {
  const found = registers[fields[name]];
  if (!found)
    throw new DecodeError(fields.slot, `${name} register ${fields[name]}, expected 0 to 10`);
  return found;
}

function demandZero(fields: Fields, name: Exclude<keyof Fields, 'slot'>): void {
  if (fields[name] === 0) return;
  throw new DecodeError(fields.slot, `reserved field ${name} is ${fields[name]}, expected 0`);
}

function unknown(fields: Fields): DecodeError {
  const opcode = fields.opcode.toString(16).padStart(2, '0');
  return new DecodeError(fields.slot, `unknown opcode 0x${opcode} with offset ${fields.offset}`);
}
