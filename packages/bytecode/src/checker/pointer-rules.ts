/** Arithmetic on pointers. @source adjust_ptr_min_max_vals, kernel/bpf/verifier.c */
import type { Arithmetic } from '../asm/instruction.ts';
import type { Complain } from './scope.ts';
import { ANY_NUMBER, kernelName, type Value } from './value.ts';

interface Move {
  readonly operator: Arithmetic['operator'];
  readonly width: Arithmetic['width'];
  /** The number of the destination. */
  readonly register: number;
}

/** One of the two is a pointer, and both are known. */
export function checkPointerMove(
  { operator, width, register }: Move,
  left: Value,
  right: Value,
  complain: Complain,
): void {
  if (left.kind === 'unread' || right.kind === 'unread') return;
  const areBoth = left.kind !== 'scalar' && right.kind !== 'scalar';
  // A difference of pointers, or of their halves, is a number.
  if (operator === 'sub' && (areBoth || width === 32)) return;
  if (areBoth && width === 64)
    return complain(`R${register} pointer ${operator} pointer prohibited`);
  if (operator !== 'add' && operator !== 'sub') {
    const isBitwise =
      width === 64 && (operator === 'and' || operator === 'or' || operator === 'xor');
    const what = isBitwise
      ? 'bitwise operator on pointer prohibited'
      : `pointer arithmetic with ${operator} operator prohibited`;
    return complain(`R${register} ${what}`);
  }
  if (width === 32) return complain(`R${register} 32-bit pointer arithmetic prohibited`);
  if (operator === 'sub' && left.kind === 'scalar') {
    return complain(`R${register} tried to subtract pointer from scalar`);
  }
  if (operator === 'sub' && left.kind === 'stack') {
    return complain(
      `R${register} subtraction from stack pointer prohibited (add what is negative)`,
    );
  }
  const [pointer, by] = left.kind === 'scalar' ? [right, left] : [left, right];
  if (by.kind !== 'scalar') return;
  checkMoved(register, pointer, by, complain);
}

function checkMoved(
  register: number,
  pointer: Value,
  by: Value & { kind: 'scalar' },
  complain: Complain,
): void {
  const isStill = by.value === 0n;
  if ('mayBeNull' in pointer && pointer.mayBeNull && pointer.kind !== 'map') {
    complain(`R${register} pointer arithmetic on a pointer prohibited, null-check it first`);
  } else if (!isStill && isFixed(pointer)) {
    complain(`R${register} pointer arithmetic on ${kernelName(pointer)} prohibited`);
  }
  if (by.most !== ANY_NUMBER) return;
  const what = `math between ${kernelName(pointer)} pointer and register`;
  complain(`${what} with unbounded min value is not allowed (limit it with & or a comparison)`);
}

/** Pointers that are not moved at all. */
function isFixed(pointer: Value): boolean {
  const isMap = pointer.kind === 'map' && !pointer.mayBeNull;
  return isMap || pointer.kind === 'packetEnd' || pointer.kind === 'socket';
}
