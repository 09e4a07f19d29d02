/** Why a program would not be loaded. */
import type { Placed } from '../asm/decode.ts';
import { placeText } from '../listing/place.ts';
import { sourceOf } from '../listing/listing.ts';
import type { ProgramObject, SourceLine } from '../object.ts';

/** Names instruction and source line, in the words of the kernel's verifier. */
export class Refusal extends Error {
  readonly code = 'REFUSED';
  readonly program: string;
  readonly source: SourceLine | undefined;

  constructor(
    object: ProgramObject,
    /** The slot of the instruction. */
    readonly slot: number,
    code: readonly Placed[],
    /** What is wrong, without its place. */
    readonly detail: string,
  ) {
    const instruction = code.find((each) => each.slot === slot)?.instruction;
    const { head, quote } = placeText(object, slot, instruction);
    super(`check ${head}: ${detail}${quote}`);
    this.name = 'Refusal';
    this.program = object.name;
    this.source = sourceOf(object, slot);
  }
}
