/** Steps that read and write memory. */
import {
  type AccessSize,
  type Atomic,
  type Load,
  type LoadConstant,
  Register,
  type Store,
} from '../../asm/instruction.ts';
import type { Cpu, Step } from '../cpu.ts';
import { StepFault } from '../fault.ts';
import type { MachineMap } from '../maps/map.ts';
import type { Region } from '../memory.ts';
import { operations32, operations64 } from './words.ts';

/** The step of a load from memory. */
export function loadStep(instruction: Load, next: number): Step {
  const { size, isSigned, offset } = instruction;
  const d = instruction.destination.number;
  const b = instruction.base.number;
  const unused = isSigned ? 32 - size * 8 : 0;
  return (cpu) => {
    const { memory, low, high } = cpu;
    const region = memory.locate(high[b]!, low[b]! + offset, size);
    if (region.kind === 'context') {
      loadContext(cpu, d, memory.offset, size, isSigned);
      return next;
    }
    const { bytes } = region;
    const at = memory.offset;
    const word = readWord(bytes, at, size);
    if (isSigned) {
      low[d] = (word << unused) >> unused;
      high[d] = low[d]! >> 31;
    } else {
      low[d] = word;
      high[d] = size === 8 ? readWord(bytes, at + 4, 4) : 0;
    }
    return next;
  };
}

/** Up to 4 bytes, zero-extended to a word. */
function readWord(bytes: Uint8Array, at: number, size: AccessSize): number {
  if (size === 1) return bytes[at]!;
  const half = bytes[at]! | (bytes[at + 1]! << 8);
  if (size === 2) return half;
  return half | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function writeWord(bytes: Uint8Array, at: number, size: AccessSize, word: number): void {
  bytes[at] = word;
  if (size === 1) return;
  bytes[at + 1] = word >> 8;
  if (size === 2) return;
  bytes[at + 2] = word >> 16;
  bytes[at + 3] = word >> 24;
}

/** The packet's addresses are 32-bit fields of the context, which the kernel widens. */
function loadContext(
  cpu: Cpu,
  d: number,
  offset: number,
  size: AccessSize,
  isSigned: boolean,
): void {
  const { context } = cpu;
  const place = context.packetPlace(offset, size);
  if (isSigned) throw new StepFault(`sign-extending read of ${context.region.name}`);
  if (place) {
    cpu.low[d] = place.low;
    cpu.high[d] = place.high;
  } else {
    cpu.setNumber(d, context.read(offset, size));
  }
}

/** The step of a store to memory. */
export function storeStep(instruction: Store, next: number): Step {
  const { size, offset, source } = instruction;
  const b = instruction.base.number;
  const isRegister = source instanceof Register;
  const s = isRegister ? source.number : 0;
  const immediate = isRegister ? 0 : source;
  return (cpu) => {
    const { memory, low, high } = cpu;
    const word = isRegister ? low[s]! : immediate;
    const region = memory.locateWritable(high[b]!, low[b]! + offset, size);
    if (region.kind === 'context') {
      cpu.context.write(memory.offset, size, word >>> 0);
      return next;
    }
    writeWord(region.bytes, memory.offset, size, word);
    if (size === 8) {
      writeWord(region.bytes, memory.offset + 4, 4, isRegister ? high[s]! : immediate >> 31);
    }
    return next;
  };
}

/** The step of an atomic operation: on stack and map values only, and aligned. */
export function atomicStep(instruction: Atomic, next: number): Step {
  const { size, offset } = instruction;
  const b = instruction.base.number;
  const change = size === 8 ? atomic64(instruction) : atomic32(instruction);
  return (cpu) => {
    const { memory, low, high } = cpu;
    const region = memory.locateWritable(high[b]!, low[b]! + offset, size);
    if (region.kind === 'context' || region.kind === 'packet') {
      throw new StepFault(`atomic operation on ${region.name}`);
    }
    if (memory.offset % size !== 0) {
      throw new StepFault(`atomic operation at ${memory.offset} of ${region.name}, unaligned`);
    }
    change(cpu, region, memory.offset);
    return next;
  };
}

type Change = (cpu: Cpu, region: Region, at: number) => void;

function atomic32({ operator, fetch, source }: Atomic): Change {
  const s = source.number;
  return ({ low, high }, { bytes }, at) => {
    const old = readWord(bytes, at, 4);
    const target = operator === 'compareExchange' ? 0 : s;
    let word = low[s]!;
    if (operator === 'compareExchange') word = old === low[0] ? word : old;
    else if (operator !== 'exchange') word = operations32[operator](old, word);
    writeWord(bytes, at, 4, word);
    if (!fetch) return;
    low[target] = old;
    high[target] = 0;
  };
}

const resultLow = new Int32Array(1);
const resultHigh = new Int32Array(1);

function atomic64({ operator, fetch, source }: Atomic): Change {
  const s = source.number;
  const target = operator === 'compareExchange' ? 0 : s;
  const isSwap = operator === 'compareExchange' || operator === 'exchange';
  const operate = operations64[isSwap ? 'mov' : operator];
  return ({ low, high }, { bytes }, at) => {
    const oldLow = readWord(bytes, at, 4);
    const oldHigh = readWord(bytes, at + 4, 4);
    resultLow[0] = oldLow;
    resultHigh[0] = oldHigh;
    const isKept = operator === 'compareExchange' && (oldLow !== low[0] || oldHigh !== high[0]);
    if (!isKept) operate(resultLow, resultHigh, 0, low[s]!, high[s]!);
    writeWord(bytes, at, 4, resultLow[0]!);
    writeWord(bytes, at + 4, 4, resultHigh[0]!);
    if (!fetch) return;
    low[target] = oldLow;
    high[target] = oldHigh;
  };
}

/** `map`: what the load takes the address of, when it takes one. */
export function constantStep(
  instruction: LoadConstant,
  map: MachineMap | undefined,
  next: number,
): Step {
  const d = instruction.destination.number;
  if (map && instruction.from === 'mapValueByDescriptor') {
    const value = map.find(new Uint8Array(map.shape.keySize), 0)!;
    return (cpu) => {
      cpu.setAddress(d, value, instruction.offset);
      return next;
    };
  }
  if (map) {
    const { region } = map;
    return (cpu) => {
      cpu.setAddress(d, region, 0);
      return next;
    };
  }
  const low = Number(BigInt.asIntN(32, instruction.value));
  const high = Number(BigInt.asIntN(32, instruction.value >> 32n));
  return (cpu) => {
    cpu.low[d] = low;
    cpu.high[d] = high;
    return next;
  };
}
