/** Programs that programs jump to. */
import type { ProgramContext } from '../contexts/shapes.ts';
import type { u32 } from '../integers.ts';
import { u32 as u32Field } from '../integers.ts';
import type { AnyInteger } from '../struct.ts';
import type { MapOptions } from './declaration.ts';
import { MapDeclaration } from './declaration.ts';
import { kernelOnly } from './kernel-only.ts';

/** Programs to jump to. @alias BPF_MAP_TYPE_PROG_ARRAY */
export class ProgramArray extends MapDeclaration<AnyInteger, AnyInteger> {
  readonly kind = 'programArray';
  constructor(options: MapOptions) {
    super(u32Field, u32Field, options);
  }
  /**
   * Ends this program and runs that one; returns only when the slot is empty (or after 33 calls).
   */
  tailCall(_ctx: ProgramContext, _index: u32): void {
    kernelOnly();
  }
}
