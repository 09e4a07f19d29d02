/** What the kernel's verifier would have refused, met while running. */
import type { Instruction } from '../asm/instruction.ts';
import { formatInstruction } from '../listing/format.ts';
import { functionOf, sourceOf } from '../listing/listing.ts';
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
    const source = sourceOf(object, slot);
    const map = object.mapReferences.find((use) => use.instruction === slot)?.map;
    const text = instruction ? ` (${formatInstruction(instruction, { map })})` : '';
    const place = source ? ` at ${source.file}:${source.line}:${source.column}` : '';
    const quote = source ? `\n    ${source.text.trim()}` : '';
    super(`run ${functionOf(object, slot)}: instruction ${slot}${text}${place}: ${detail}${quote}`);
    this.name = 'MachineFault';
    this.program = object.name;
    this.source = source;
  }
}

/** Thrown inside a step, which does not know where it is; becomes a `MachineFault`. */
export class StepFault extends Error {}
