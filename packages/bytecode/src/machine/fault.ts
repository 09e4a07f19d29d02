/** What the kernel's verifier would have refused, met while running. */
import type { Instruction } from '../asm/instruction.ts';
import { sourceOf } from '../listing/listing.ts';
import { placeText } from '../listing/place.ts';
import type { ProgramObject, SourceLine } from '../object.ts';

/** A program did what no program may: names instruction, source line and memory region. */
export class MachineFault extends Error {
  readonly code = 'MACHINE_FAULT';
  readonly program: string;
  readonly source: SourceLine | undefined;

  constructor(
    object: ProgramObject,
    /** The slot of the instruction. */
    readonly slot: number,
    instruction: Instruction | undefined,
    /** What was wrong, without its place. */
    readonly detail: string,
  ) {
    const { head, quote } = placeText(object, slot, instruction);
    super(`run ${head}: ${detail}${quote}`);
    this.name = 'MachineFault';
    this.program = object.name;
    this.source = sourceOf(object, slot);
  }
}

/** Thrown inside a step, which does not know where it is; becomes a `MachineFault`. */
export class StepFault extends Error {}
