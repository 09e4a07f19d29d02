/** When two instructions do the same. */
import type { MachineInstruction } from './machine.ts';

/** After registers were allocated and the frame laid out. */
export function isSameInstruction(left: MachineInstruction, right: MachineInstruction): boolean {
  return hasSameNumbers(left, right) && namesSame(left, right);
}

function hasSameNumbers(left: MachineInstruction, right: MachineInstruction): boolean {
  return (
    left.operation === right.operation &&
    left.destination === right.destination &&
    left.source === right.source &&
    left.immediate === right.immediate &&
    left.offset === right.offset &&
    left.size === right.size &&
    left.width === right.width &&
    left.operator === right.operator &&
    left.fetchOperator === right.fetchOperator &&
    left.comparison === right.comparison
  );
}

function namesSame(left: MachineInstruction, right: MachineInstruction): boolean {
  return (
    left.target === right.target &&
    left.map === right.map &&
    left.bits === right.bits &&
    left.frame?.offset === right.frame?.offset &&
    left.subprogram === right.subprogram &&
    left.kernelFunction === right.kernelFunction &&
    left.resultBytes === right.resultBytes &&
    left.kernelField?.struct === right.kernelField?.struct &&
    left.kernelField?.field === right.kernelField?.field &&
    left.argumentCount === right.argumentCount
  );
}
