/** Lists classic programs as `tcpdump -d` does, without its blanks at line ends. */
import { ancillaryName } from './ancillary.ts';
import type { ClassicProgram } from './classic-program.ts';
import type { ClassicInstruction, Source } from './instruction.ts';

const loads = { 1: 'ldb', 2: 'ldh', 4: 'ld' } as const;
const mnemonics: Readonly<Record<string, string>> = { shl: 'lsh', shr: 'rsh' };

/** One line for each instruction. */
export function formatClassic({ instructions }: ClassicProgram): string {
  return instructions.map(formatLine).join('\n');
}

function formatLine(instruction: ClassicInstruction, at: number): string {
  const [name, operand] = formatInstruction(instruction);
  const head = `(${String(at).padStart(3, '0')}) ${name.padEnd(8)} `;
  if (instruction.kind !== 'branch') return (head + operand).trimEnd();
  const { ifTrue, ifFalse } = instruction;
  return `${head}${operand.padEnd(16)} jt ${ifTrue}\tjf ${ifFalse}`;
}

function formatInstruction(instruction: ClassicInstruction): readonly [string, string] {
  switch (instruction.kind) {
    case 'load': {
      const { size, offset, isIndexed } = instruction;
      return [loads[size], isIndexed ? `[x + ${offset}]` : `[${offset}]`];
    }
    case 'ancillary':
      return [loads[instruction.size], `[${ancillaryName(instruction.distance)}]`];
    case 'headerLength':
      return ['ldxb', `4*([${instruction.offset}]&0xf)`];
    case 'set':
      return [loadOf(instruction.register), hexadecimal(instruction.value)];
    case 'length':
      return [loadOf(instruction.register), '#pktlen'];
    case 'recall':
      return [loadOf(instruction.register), `M[${instruction.word}]`];
    case 'store':
      return [instruction.register === 'A' ? 'st' : 'stx', `M[${instruction.word}]`];
    case 'negate':
      return ['neg', ''];
    case 'copy':
      return [instruction.to === 'X' ? 'tax' : 'txa', ''];
    case 'jump':
      return ['ja', String(instruction.to)];
    case 'branch':
      return [`j${instruction.relation}`, sourceText(instruction.source, true)];
    case 'return':
      return ['ret', instruction.value === 'A' ? '' : `#${instruction.value}`];
    case 'arithmetic': {
      const { operator, source } = instruction;
      const isBits = operator === 'and' || operator === 'or' || operator === 'xor';
      return [mnemonics[operator] ?? operator, sourceText(source, isBits)];
    }
  }
}

function loadOf(register: 'A' | 'X'): string {
  return register === 'A' ? 'ld' : 'ldx';
}

function sourceText(source: Source, isHexadecimal: boolean): string {
  if (source === 'X') return 'x';
  return isHexadecimal ? hexadecimal(source) : `#${source}`;
}

function hexadecimal(value: number): string {
  return `#0x${value.toString(16)}`;
}
