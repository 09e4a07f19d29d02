/** Where in a program something is, for messages. */
import type { Instruction } from '../asm/instruction.ts';
import type { ProgramObject } from '../object.ts';
import { formatInstruction } from './format.ts';
import { functionOf, sourceOf } from './listing.ts';

/** Function, slot, instruction and source line in one line, and the line itself below. */
export function placeText(
  object: ProgramObject,
  slot: number,
  instruction: Instruction | undefined,
): { readonly head: string; readonly quote: string } {
  const source = sourceOf(object, slot);
  const map = object.mapReferences.find((use) => use.instruction === slot)?.map;
  const text = instruction ? ` (${formatInstruction(instruction, { map })})` : '';
  const place = source ? ` at ${source.file}:${source.line}:${source.column}` : '';
  const quote = source ? `\n    ${source.text.trim()}` : '';
  return { head: `${functionOf(object, slot)}: instruction ${slot}${text}${place}`, quote };
}
