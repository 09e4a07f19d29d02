/** Removes values that nobody uses, and stores to slots that nobody reads. */
import type { IrFunction, Slot, Value } from '../ir/ir.ts';

const hasEffect = new Set<string>([
  ...['store', 'atomicAdd', 'turn'],
  ...['call', 'callSubprogram', 'callKernelFunction'],
]);

/** Whether anything was removed. */
export function removeDeadValues(made: IrFunction): boolean {
  const read = findReadSlots(made);
  const live = new Set<Value>();
  const work: Value[] = [];
  const need = (value: Value): void => {
    if (live.has(value)) return;
    live.add(value);
    work.push(value);
  };
  for (const block of made.blocks) {
    for (const value of block.values) {
      if (hasEffect.has(value.operation.op) && !isLost(value, read)) need(value);
    }
    const end = block.terminator!;
    if (end.kind === 'branch') {
      need(end.left);
      need(end.right);
    } else if (end.kind === 'return') {
      need(end.value);
    }
  }
  for (let value = work.pop(); value; value = work.pop()) value.operands.forEach(need);
  let isChanged = false;
  for (const block of made.blocks) {
    const kept = block.values.filter((value) => live.has(value));
    if (kept.length === block.values.length) continue;
    block.values = kept;
    isChanged = true;
  }
  return isChanged;
}

/** Slots whose address is used for anything but to store to it. */
function findReadSlots(made: IrFunction): Set<Slot> {
  const read = new Set<Slot>();
  for (const block of made.blocks) {
    for (const value of block.values) {
      const isStore = value.operation.op === 'store';
      value.operands.forEach((operand, index) => {
        const { operation } = operand;
        if (operation.op === 'slot' && !(isStore && index === 0)) read.add(operation.slot);
      });
    }
  }
  return read;
}

/** A store to a slot that nobody reads. */
function isLost(value: Value, read: Set<Slot>): boolean {
  const base = value.operands[0]?.operation;
  return value.operation.op === 'store' && base?.op === 'slot' && !read.has(base.slot);
}
