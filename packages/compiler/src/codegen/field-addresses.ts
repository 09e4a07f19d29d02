/**
 * Addresses of fields of the kernel's structs that only loads use. Each of these loads takes the
 * field's offset itself, so that the address needs no instruction.
 */
import type { IrFunction, KernelFieldName, Value } from '../ir/ir.ts';

/** A field by what it lies in. */
export interface FieldAddress {
  readonly struct: Value;
  readonly field: KernelFieldName;
}

/** Those of one function, by the value that is the address. */
export function findFieldAddresses(made: IrFunction): ReadonlyMap<Value, FieldAddress> {
  const found = new Map<Value, FieldAddress>();
  for (const block of made.blocks) {
    for (const value of block.values) {
      const address = fieldAddress(value);
      if (address) found.set(value, address);
    }
  }
  if (found.size > 0) forgetOthers(made, found);
  return found;
}

function fieldAddress({ operation: { op }, operands }: Value): FieldAddress | null {
  const offset = operands[1]?.operation;
  if (op !== 'add' || offset?.op !== 'kernelField') return null;
  return { struct: operands[0]!, field: offset };
}

/** Forgets the addresses that something else than a load uses. */
function forgetOthers({ blocks }: IrFunction, found: Map<Value, FieldAddress>): void {
  for (const { values, terminator } of blocks) {
    for (const { operation, operands } of values) {
      if (operation.op !== 'load') for (const operand of operands) found.delete(operand);
    }
    if (terminator?.kind === 'return') found.delete(terminator.value);
    if (terminator?.kind !== 'branch') continue;
    found.delete(terminator.left);
    found.delete(terminator.right);
  }
}
