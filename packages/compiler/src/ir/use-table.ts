import type { IrFunction, Value } from './ir.ts';

/** How often each value of a function is used, and whether anyone looks at its upper half. */
export class UseTable {
  private readonly counts = new Map<Value, number>();
  private readonly whole = new Set<Value>();

  constructor(made: IrFunction) {
    for (const block of made.blocks) {
      for (const value of block.values) {
        value.operands.forEach((operand, index) => {
          this.add(operand, readsLowHalfOnly(value, index));
        });
      }
      const end = block.terminator!;
      if (end.kind === 'branch') {
        this.add(end.left, end.width === 32);
        this.add(end.right, end.width === 32);
      } else if (end.kind === 'return') {
        this.add(end.value, false);
      }
    }
  }

  count(value: Value): number {
    return this.counts.get(value) ?? 0;
  }

  /** No user sees more than the low 32 bits. */
  isLowHalfOnly(value: Value): boolean {
    return !this.whole.has(value);
  }

  private add(value: Value, isLowHalf: boolean): void {
    this.counts.set(value, this.count(value) + 1);
    if (!isLowHalf) this.whole.add(value);
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
      return index === 1 && operation.access.size <= 4;
    default:
      return false;
  }
}
