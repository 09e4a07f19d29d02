import type { Block, Value } from '../../ir/ir.ts';
import type { BlockWriter } from './block-writer.ts';

/** Which parameter of a loop's body the address of its caller's cells is. */
export const stateIndex = 1;

/**
 * What a loop needs of the values that the function around it has read from its own caller's cells.
 * That function became of a loop's body, too, and nothing writes those cells before its turn ends:
 * the loop reads them again, through their address, rather than to have copies in cells of its own.
 */
export class CallerCells {
  private readonly found: readonly Value[];
  /** What it needs besides; the address of those cells is one. */
  readonly others: readonly Value[];

  /** `entry`: the block that reads the caller's cells, and does nothing else. */
  constructor(entry: Block | null, needed: readonly Value[]) {
    const isRead = (value: Value): boolean => value.block === entry && addressOf(value) !== null;
    const found = entry ? needed.filter(isRead) : [];
    const addresses = new Set(found.map((value) => addressOf(value)!));
    // The address takes a cell, too.
    const isWorth = found.length > 1;
    this.found = isWorth ? found : [];
    this.others = isWorth
      ? [...new Set([...needed.filter((value) => !found.includes(value)), ...addresses])]
      : needed;
  }

  /** Adds what it finds to `inside`, which has the address already. */
  readAgain(writer: BlockWriter, inside: Map<Value, Value>): void {
    const read = (value: Value): Value => {
      const known = inside.get(value);
      if (known) return known;
      const again = writer.put(value.operation, value.operands.map(read), value.width);
      inside.set(value, again);
      return again;
    };
    for (const each of this.found) read(each);
  }
}

/** The parameter with the address of the cells that a value was read from. */
function addressOf(value: Value): Value | null {
  const { operation, operands } = value;
  if (operation.op === 'parameter') return operation.index === stateIndex ? value : null;
  const isRead = operation.op === 'load' || operation.op === 'truncate';
  return isRead ? addressOf(operands[0]!) : null;
}
