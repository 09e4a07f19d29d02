/** Steps of the arithmetic classes. */
import {
  type Arithmetic,
  type ByteSwap,
  type Negate,
  Register,
  type SignExtend,
} from '../../asm/instruction.ts';
import type { Step } from '../cpu.ts';
import { operations32, operations64, reverseWord } from './words.ts';

/** The step of a two-operand instruction. */
export function arithmeticStep(instruction: Arithmetic, next: number): Step {
  return instruction.width === 64 ? wideStep(instruction, next) : narrowStep(instruction, next);
}

function wideStep({ operator, destination, source }: Arithmetic, next: number): Step {
  const operate = operations64[operator];
  const d = destination.number;
  if (source instanceof Register) {
    const s = source.number;
    return ({ low, high }) => {
      operate(low, high, d, low[s]!, high[s]!);
      return next;
    };
  }
  const sign = source >> 31;
  return ({ low, high }) => {
    operate(low, high, d, source, sign);
    return next;
  };
}

function narrowStep({ operator, destination, source }: Arithmetic, next: number): Step {
  const operate = operations32[operator];
  const d = destination.number;
  if (source instanceof Register) {
    const s = source.number;
    return ({ low, high }) => {
      low[d] = operate(low[d]!, low[s]!);
      high[d] = 0;
      return next;
    };
  }
  const operand = source | 0;
  return ({ low, high }) => {
    low[d] = operate(low[d]!, operand);
    high[d] = 0;
    return next;
  };
}

/** The step of a move with sign extension. */
export function signExtendStep(instruction: SignExtend, next: number): Step {
  const { width, bits, destination, source } = instruction;
  const shift = 32 - bits;
  const d = destination.number;
  const s = source.number;
  return ({ low, high }) => {
    const value = (low[s]! << shift) >> shift;
    low[d] = value;
    high[d] = width === 64 ? value >> 31 : 0;
    return next;
  };
}

/** The step of a negation. */
export function negateStep({ width, destination }: Negate, next: number): Step {
  const d = destination.number;
  return ({ low, high }) => {
    const word = -low[d]! | 0;
    low[d] = word;
    high[d] = width === 64 ? -high[d]! - (word === 0 ? 0 : 1) : 0;
    return next;
  };
}

/** The machine is little-endian: to that order nothing moves, only the upper bits go. */
export function byteSwapStep({ order, bits, destination }: ByteSwap, next: number): Step {
  const d = destination.number;
  const swaps = order !== 'little';
  return ({ low, high }) => {
    const word = low[d]!;
    if (bits === 64) {
      if (!swaps) return next;
      low[d] = reverseWord(high[d]!);
      high[d] = reverseWord(word);
      return next;
    }
    high[d] = 0;
    if (bits === 32) low[d] = swaps ? reverseWord(word) : word;
    else low[d] = swaps ? reverseWord(word) >>> 16 : word & 0xffff;
    return next;
  };
}
