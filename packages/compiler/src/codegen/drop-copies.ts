/** Copies that copy nothing: between two registers that hold the same already. */
import {
  definesDestination,
  LAST_SCRATCH,
  type MachineBlock,
  type MachineInstruction,
} from './machine.ts';

/** After registers were allocated; each block for itself. */
export function dropCopies(blocks: readonly MachineBlock[]): void {
  for (const block of blocks) {
    const equals = new Equals();
    const kept = block.instructions.filter((each) => equals.isNews(each));
    if (kept.length < block.instructions.length) block.instructions = kept;
  }
}

/** Which registers hold the same. */
class Equals {
  /** By register: the one that it was copied from. */
  private readonly origins = new Map<number, number>();

  /** Whether the instruction does anything. */
  isNews(each: MachineInstruction): boolean {
    const { operation, destination, source } = each;
    if (operation === 'call') {
      for (let register = 0; register <= LAST_SCRATCH; register++) this.forget(register);
      return true;
    }
    if (operation !== 'move') {
      if (operation === 'compareExchange') this.forget(0);
      if (definesDestination(each)) this.forget(destination);
      return true;
    }
    if (this.originOf(destination) === this.originOf(source)) return false;
    this.forget(destination);
    this.origins.set(destination, this.originOf(source));
    return true;
  }

  private originOf(register: number): number {
    return this.origins.get(register) ?? register;
  }

  private forget(register: number): void {
    this.origins.delete(register);
    for (const [copy, origin] of this.origins) {
      if (origin === register) this.origins.delete(copy);
    }
  }
}
