import type { IrFunction, Value } from './ir.ts';

/** How often each value of a function is used, and whether anyone looks at its upper half. */
export class UseTable {
  /** Both by value id. */
  private readonly counts: Int32Array;
  private readonly isWhole: Uint8Array;

  /** @param isProgram the kernel takes 32 bits of what it returns */
  constructor(made: IrFunction, isProgram = false) {
    this.counts = new Int32Array(made.valueLimit);
    this.isWhole = new Uint8Array(made.valueLimit);
    for (const block of made.blocks) {
      const { values } = block;
      for (let at = 0; at < values.length; at++) {
        const { operands } = values[at]!;
        for (let index = 0; index < operands.length; index++) {
          this.add(operands[index]!, readsLowHalfOnly(values[at]!, index));
        }
      }
      const end = block.terminator!;
      if (end.kind === 'branch') {
        this.add(end.left, end.width === 32);
        this.add(end.right, end.width === 32);
      } else if (end.kind === 'return') {
        this.add(end.value, isProgram && end.value.width === 32);
      }
    }
  }

  /** A value that was made later is not used as far as the table knows. */
  count(value: Value): number {
    return this.counts[value.id] ?? 0;
  }

  /** No user sees more than the low 32 bits. */
  isLowHalfOnly(value: Value): boolean {
    return !this.isWhole[value.id];
  }

  private add(value: Value, isLowHalf: boolean): void {
    this.counts[value.id]! += 1;
    if (!isLowHalf) this.isWhole[value.id] = 1;
  }
}

function readsLowHalfOnly(user: Value, index: number): boolean {
  const { operation } = user;
  switch (operation.op) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
    case 'mod':
    case 'and':
    case 'or':
    case 'xor':
    case 'shl':
    case 'shr':
    case 'sar':
    case 'neg':
      return user.width === 32;
    case 'byteSwap':
      return operation.bits <= 32;
    case 'signExtend':
      return true;
    case 'store':
    case 'atomicAdd':
    case 'atomicFetch':
      return index >= 1 && operation.access.size <= 4;
    default:
      return false;
  }
}
