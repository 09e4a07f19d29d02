/** Programs to jump to, by index. */
import { Errno } from '../errno.ts';
import type { PreparedProgram } from '../cpu.ts';
import { MachineMap, MapError } from './map.ts';

/** @alias BPF_MAP_TYPE_PROG_ARRAY */
export class ProgramArrayMap extends MachineMap {
  private readonly programs = new Map<number, PreparedProgram>();

  override find(): undefined {
    return undefined;
  }

  /** The program in a slot, if any. */
  get(index: number): PreparedProgram | undefined {
    return this.programs.get(index);
  }

  /**
   * Puts a program into a slot, in place of the one there.
   *
   * @throws MapError E2BIG beyond the end, EINVAL for a program of another type than those there
   */
  set(index: number, program: PreparedProgram): void {
    this.demandIndex('update', index);
    const { name } = this.shape;
    const [first] = this.programs.values();
    const type = program.object.programType;
    if (first && first.object.programType !== type) {
      const detail = `program type ${type}, expected ${first.object.programType}`;
      throw new MapError(name, 'update', Errno.EINVAL, detail);
    }
    this.programs.set(index, program);
  }

  /** True when there was a program. @throws MapError E2BIG beyond the end */
  delete(index: number): boolean {
    this.demandIndex('delete', index);
    return this.programs.delete(index);
  }

  private demandIndex(operation: string, index: number): void {
    const { name, maxEntries } = this.shape;
    if (index < maxEntries) return;
    const detail = `index ${index}, expected 0 to ${maxEntries - 1}`;
    throw new MapError(name, operation, Errno.E2BIG, detail);
  }
}
