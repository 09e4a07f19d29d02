import type { Block, Value } from '../../ir/ir.ts';

const arithmetic: ReadonlySet<string> = new Set([
  ...['add', 'sub', 'mul', 'div', 'mod', 'and', 'or', 'xor', 'shl', 'shr', 'sar'],
  ...['neg', 'byteSwap'],
]);
const passedOn: ReadonlySet<string> = new Set(['zeroExtend', 'signExtend', 'truncate', 'phi']);

/** Where numbers go within blocks. */
export class Numbers {
  private readonly users = new Map<Value, Value[]>();

  constructor(blocks: readonly Block[]) {
    for (const { values } of blocks) for (const user of values) this.note(user);
  }

  /** A value and all that is computed from it; `isMaskPassed`: also behind masks. */
  computedFrom(start: Value, isMaskPassed = true): ReadonlySet<Value> {
    const found = new Set([start]);
    for (const value of found) {
      if (!isMaskPassed && isMasked(value)) continue;
      for (const user of this.users.get(value) ?? []) found.add(user);
    }
    return found;
  }

  /** Whether it is computed from what it was a turn ago, and is neither masked nor chosen only. */
  grows(phi: Value): boolean {
    return [...this.computedFrom(phi, false)].some((value) => {
      const isStep = arithmetic.has(value.operation.op) && !isMasked(value);
      return isStep && this.computedFrom(value, false).has(phi);
    });
  }

  private note(user: Value): void {
    const { op } = user.operation;
    if (!arithmetic.has(op) && !passedOn.has(op)) return;
    for (const operand of user.operands) {
      const known = this.users.get(operand);
      if (known) known.push(user);
      else this.users.set(operand, [user]);
    }
  }
}

/** Its bounds are known, whatever it is made from. */
function isMasked({ operation, operands }: Value): boolean {
  return operation.op === 'and' && operands.some((each) => each.operation.op === 'constant');
}
