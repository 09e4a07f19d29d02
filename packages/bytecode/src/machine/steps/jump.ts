/** Steps of the jump classes, but for calls. */
import { type Branch, type MayGoto, Register } from '../../asm/instruction.ts';
import type { Comparison } from '../../asm/opcodes.ts';
import type { Step } from '../cpu.ts';

type Test32 = (left: number, right: number) => boolean;
type Test64 = (leftLow: number, leftHigh: number, rightLow: number, rightHigh: number) => boolean;

const tests32: Readonly<Record<Comparison, Test32>> = {
  eq: (left, right) => left === right,
  ne: (left, right) => left !== right,
  gt: (left, right) => left >>> 0 > right >>> 0,
  ge: (left, right) => left >>> 0 >= right >>> 0,
  lt: (left, right) => left >>> 0 < right >>> 0,
  le: (left, right) => left >>> 0 <= right >>> 0,
  sgt: (left, right) => left > right,
  sge: (left, right) => left >= right,
  slt: (left, right) => left < right,
  sle: (left, right) => left <= right,
  set: (left, right) => (left & right) !== 0,
};

/** The high words decide as `high` says; when they are equal, the low words unsigned. */
function ordered(high: Test32, low: Test32): Test64 {
  return (leftLow, leftHigh, rightLow, rightHigh) =>
    leftHigh === rightHigh ? low(leftLow, rightLow) : high(leftHigh, rightHigh);
}

const tests64: Readonly<Record<Comparison, Test64>> = {
  eq: (leftLow, leftHigh, rightLow, rightHigh) => leftLow === rightLow && leftHigh === rightHigh,
  ne: (leftLow, leftHigh, rightLow, rightHigh) => leftLow !== rightLow || leftHigh !== rightHigh,
  gt: ordered(tests32.gt, tests32.gt),
  ge: ordered(tests32.gt, tests32.ge),
  lt: ordered(tests32.lt, tests32.lt),
  le: ordered(tests32.lt, tests32.le),
  sgt: ordered(tests32.sgt, tests32.gt),
  sge: ordered(tests32.sgt, tests32.ge),
  slt: ordered(tests32.slt, tests32.lt),
  sle: ordered(tests32.slt, tests32.le),
  set: (leftLow, leftHigh, rightLow, rightHigh) =>
    ((leftLow & rightLow) | (leftHigh & rightHigh)) !== 0,
};

/** The step of a conditional jump. */
export function branchStep(instruction: Branch, next: number): Step {
  const { comparison, width, left, right, offset } = instruction;
  const target = next + offset;
  const l = left.number;
  if (width === 32) {
    const test = tests32[comparison];
    if (right instanceof Register) {
      const r = right.number;
      return ({ low }) => (test(low[l]!, low[r]!) ? target : next);
    }
    const operand = right | 0;
    return ({ low }) => (test(low[l]!, operand) ? target : next);
  }
  const test = tests64[comparison];
  if (right instanceof Register) {
    const r = right.number;
    return ({ low, high }) => (test(low[l]!, high[l]!, low[r]!, high[r]!) ? target : next);
  }
  const sign = right >> 31;
  return ({ low, high }) => (test(low[l]!, high[l]!, right, sign) ? target : next);
}

/** The step of an unconditional jump. */
export function jumpStep(target: number): Step {
  return () => target;
}

/** Goes on with the loop until it has run as often as the kernel allows, then leaves it. */
export function mayGotoStep({ offset }: MayGoto, next: number): Step {
  const target = next + offset;
  return (cpu) => (cpu.mayLoop() ? next : target);
}
