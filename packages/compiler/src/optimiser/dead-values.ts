/** Removes values that nobody uses, and stores to slots that nobody reads. */
import type { IrFunction, Slot, Value } from '../ir/ir.ts';

const hasEffect = new Set<string>([
  ...['store', 'atomicAdd', 'atomicFetch', 'turn'],
  ...['call', 'callSubprogram', 'callKernelFunction'],
]);

/** Whether anything was removed. */
export function removeDeadValues(made: IrFunction): boolean {
  const read = findReadSlots(made);
  /** By value id. */
  const isLive = new Uint8Array(made.valueLimit);
  const work: Value[] = [];
  const need = (value: Value): void => {
    if (isLive[value.id]) return;
    isLive[value.id] = 1;
    work.push(value);
  };
  for (const block of made.blocks) {
    block.values.forEach((value) => {
      if (hasEffect.has(value.operation.op) && !isLost(value, read)) need(value);
    });
    const end = block.terminator!;
    if (end.kind === 'branch') {
      need(end.left);
      need(end.right);
    } else if (end.kind === 'return') {
      need(end.value);
    }
  }
  for (let value = work.pop(); value; value = work.pop()) {
    value.operands.forEach(need);
  }
  let isChanged = false;
  for (const block of made.blocks) {
    if (block.values.every((value) => isLive[value.id])) continue;
    block.values = block.values.filter((value) => isLive[value.id]);
    isChanged = true;
  }
  return isChanged;
}

/** Slots whose address is used for anything but to store to it. */
function findReadSlots(made: IrFunction): Set<Slot> {
  const read = new Set<Slot>();
  for (const block of made.blocks) {
    block.values.forEach(({ operation: { op }, operands }) => {
      for (let index = op === 'store' ? 1 : 0; index < operands.length; index++) {
        const { operation } = operands[index]!;
        if (operation.op === 'slot') read.add(operation.slot);
      }
    });
  }
  return read;
}

/** A store to a slot that nobody reads. */
function isLost(value: Value, read: Set<Slot>): boolean {
  const base = value.operands[0]?.operation;
  return value.operation.op === 'store' && base?.op === 'slot' && !read.has(base.slot);
}
