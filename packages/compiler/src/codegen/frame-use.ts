/**
 * Which instructions touch which stack slot, also through pointers computed from its address. Slots
 * whose life does not overlap share bytes of the frame, so nothing may be forgotten here: a slot
 * whose address is stored in memory counts as touched from the beginning to the end.
 */
import type { IrFunction, Slot, Value } from '../ir/ir.ts';
import type { FrameObject } from './machine.ts';

/** One of the program's own objects on the stack. */
export interface SlotObject extends FrameObject {
  /** Its address lies somewhere in memory. */
  escapes: boolean;
}

/** What instructions have to say of the stack objects that they name. */
export interface FrameUse {
  objectOf(slot: Slot): FrameObject;
  /** The objects that these values point into; `null` for none. */
  touchedBy(values: readonly Value[]): readonly FrameObject[] | null;
}

/** Follows the address of every slot to all values that are computed from it. */
export function findFrameObjects(made: IrFunction): FrameUse {
  const objects = new Map<Slot, SlotObject>();
  const pointsTo = new Map<Value, Set<SlotObject>>();
  const users = new Map<Value, Value[]>();
  const work: Value[] = [];
  for (const block of made.blocks) {
    for (const value of block.values) {
      for (const operand of value.operands) {
        const known = users.get(operand);
        if (known) known.push(value);
        else users.set(operand, [value]);
        const { operation } = operand;
        if (operation.op !== 'slot' || pointsTo.has(operand)) continue;
        pointsTo.set(operand, new Set([slotObject(objects, operation.slot)]));
        work.push(operand);
      }
    }
  }
  for (let pointer = work.pop(); pointer; pointer = work.pop()) {
    for (const user of users.get(pointer) ?? []) {
      if (spread(user, pointer, pointsTo)) work.push(user);
    }
  }
  return {
    objectOf: (slot) => slotObject(objects, slot),
    touchedBy: (values) => union(values, pointsTo),
  };
}

function slotObject(objects: Map<Slot, SlotObject>, slot: Slot): SlotObject {
  const known = objects.get(slot);
  if (known) return known;
  const { name, size } = slot;
  const made = { name, size, isSpill: false, offset: 0, escapes: false };
  objects.set(slot, made);
  return made;
}

/** What `pointer` points into, `user` may point into too. Whether that was news. */
function spread(user: Value, pointer: Value, pointsTo: Map<Value, Set<SlotObject>>): boolean {
  const { op } = user.operation;
  const objects = pointsTo.get(pointer)!;
  if (op === 'load' || op === 'hidden' || op === 'call') return false;
  if (op === 'atomicAdd' || op === 'atomicFetch') return false;
  if (op === 'store' || op === 'callSubprogram') {
    const isAddress = op === 'store' && user.operands[1] !== pointer;
    if (!isAddress && op === 'store') for (const object of objects) object.escapes = true;
    return false;
  }
  const known = pointsTo.get(user) ?? new Set<SlotObject>();
  const before = known.size;
  for (const object of objects) known.add(object);
  pointsTo.set(user, known);
  return known.size > before;
}

function union(
  values: readonly Value[],
  pointsTo: Map<Value, Set<SlotObject>>,
): readonly FrameObject[] | null {
  let found: Set<FrameObject> | null = null;
  for (const value of values) {
    const objects = pointsTo.get(value);
    if (!objects) continue;
    found ??= new Set();
    for (const object of objects) found.add(object);
  }
  return found && [...found];
}
