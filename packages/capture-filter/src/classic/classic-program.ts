/** A classic program that has been checked: it decides about packets as a filter does. */
import type { FunctionBuilder } from '@skep/compiler';
import type { Exits, Matcher } from '../lowering/matcher.ts';
import type { PacketReader } from '../lowering/packet-reader.ts';
import { ancillaryName } from './ancillary.ts';
import type { ClassicInstruction } from './instruction.ts';
import { lowerClassic } from './lower-classic.ts';

/** Made by `parseClassic`. A packet matches where the program takes any byte of it. */
export class ClassicProgram implements Matcher {
  readonly reach: number;
  readonly ancillary: readonly string[];

  constructor(readonly instructions: readonly ClassicInstruction[]) {
    this.reach = Math.max(0, ...instructions.map(reachOf));
    const names = instructions.flatMap((one) =>
      one.kind === 'ancillary' ? [ancillaryName(one.distance)!] : [],
    );
    this.ancillary = [...new Set(names)];
  }

  emit(builder: FunctionBuilder, reader: PacketReader, exits: Exits): void {
    lowerClassic(builder, reader, this.instructions, exits);
  }
}

function reachOf(instruction: ClassicInstruction): number {
  if (instruction.kind === 'headerLength') return instruction.offset + 1;
  if (instruction.kind !== 'load') return 0;
  return instruction.isIndexed ? Infinity : instruction.offset + instruction.size;
}
