/** A whole program as text: functions, source lines, and the instructions made from each. */
import { decodePlaced, type Placed } from '../asm/decode.ts';
import type { ProgramObject, SourceLine } from '../object.ts';
import { formatInstruction } from './format.ts';

/** One line of a listing: an instruction with its slot, or the heading above some. */
export type ListingLine =
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'source'; readonly source: SourceLine }
  | { readonly kind: 'instruction'; readonly slot: number; readonly text: string };

/**
 * The lines of a listing, in the order of the code.
 *
 * @throws DecodeError where the code holds no instruction
 */
export function listLines(object: ProgramObject): ListingLine[] {
  const functions = new Map(object.functions.map((range) => [range.instruction, range.name]));
  const maps = new Map(object.mapReferences.map((use) => [use.instruction, use.map]));
  const kernelFunctions = new Map(
    object.kernelFunctions?.map((use) => [use.instruction, use.name]),
  );
  const kernelFields = new Map(
    object.kernelFields?.map((use) => [use.instruction, `${use.struct}.${use.field}`]),
  );
  const sources = new Map(object.lines.map((line) => [line.instruction, line]));
  const lines: ListingLine[] = [];
  let previous: SourceLine | undefined;
  for (const { slot, instruction } of decodePlaced(object.code)) {
    const name = functions.get(slot);
    if (name !== undefined) lines.push({ kind: 'function', name });
    const source = sources.get(slot);
    if (source && (name !== undefined || !isSameLine(source, previous))) {
      lines.push({ kind: 'source', source });
    }
    previous = source ?? previous;
    const subprogram = functions.get(targetOf({ slot, instruction }));
    const kernelFunction = kernelFunctions.get(slot);
    const kernelField = kernelFields.get(slot);
    const text = formatInstruction(instruction, {
      map: maps.get(slot),
      subprogram,
      kernelFunction,
      kernelField,
    });
    lines.push({ kind: 'instruction', slot, text });
  }
  return lines;
}

/** The slot of the function that the instruction refers to; -1 when it refers to none. */
function targetOf({ slot, instruction }: Placed): number {
  if (instruction.kind === 'call' && instruction.target === 'subprogram') {
    return slot + 1 + instruction.number;
  }
  if (instruction.kind === 'loadConstant' && instruction.from === 'code') {
    return slot + 1 + Number(instruction.value);
  }
  return -1;
}

function isSameLine(one: SourceLine, other: SourceLine | undefined): boolean {
  return one.line === other?.line && one.file === other.file;
}

/**
 * The program as text: each function's name, under it each source line with its place, under that
 * the instructions made from it, with their slots.
 *
 * @throws DecodeError where the code holds no instruction
 */
export function formatProgram(object: ProgramObject): string {
  return `${listLines(object).map(formatLine).join('\n')}\n`;
}

function formatLine(line: ListingLine): string {
  switch (line.kind) {
    case 'function':
      return `${line.name}:`;
    case 'source':
      return `  ; ${line.source.text.trim()} @ ${line.source.file}:${line.source.line}`;
    case 'instruction':
      return `${String(line.slot).padStart(6)}: ${line.text}`;
  }
}

/** The source line that the instruction at a slot was made from. */
export function sourceOf(object: ProgramObject, slot: number): SourceLine | undefined {
  let found: SourceLine | undefined;
  for (const line of object.lines) {
    if (line.instruction > slot) break;
    found = line;
  }
  return found;
}

/** The function that the instruction at a slot belongs to. */
export function functionOf(object: ProgramObject, slot: number): string {
  let found = object.name;
  for (const range of object.functions) {
    if (range.instruction <= slot) found = range.name;
  }
  return found;
}
