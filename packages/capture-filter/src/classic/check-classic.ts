/** What the kernel demands of a classic program. @source bpf_check_classic, net/core/filter.c */
import { ClassicError } from './classic-error.ts';
import { type ClassicInstruction, MEMORY_WORDS } from './instruction.ts';

/** @alias BPF_MAXINSNS */
export const CLASSIC_INSTRUCTIONS_MAX = 4096;

const SHIFT_MAX = 31;

/** @throws ClassicError at the first instruction that may not be */
export function checkClassic(program: readonly ClassicInstruction[]): void {
  const { length } = program;
  if (length === 0 || length > CLASSIC_INSTRUCTIONS_MAX) {
    throw new ClassicError(null, `${length} instructions`, `1 to ${CLASSIC_INSTRUCTIONS_MAX}`);
  }
  for (const [at, instruction] of program.entries()) checkInstruction(instruction, at, length);
  if (program.at(-1)!.kind !== 'return') {
    throw new ClassicError(length - 1, 'the end of the program', 'ret as the last instruction');
  }
  checkMemory(program);
}

function checkInstruction(instruction: ClassicInstruction, at: number, length: number): void {
  const { kind } = instruction;
  if (kind === 'jump') checkTarget(instruction.to, at, length);
  if (kind === 'branch') {
    checkTarget(instruction.ifTrue, at, length);
    checkTarget(instruction.ifFalse, at, length);
  }
  if ((kind === 'store' || kind === 'recall') && instruction.word >= MEMORY_WORDS) {
    throw new ClassicError(at, `M[${instruction.word}]`, `M[0] to M[${MEMORY_WORDS - 1}]`);
  }
  if (kind !== 'arithmetic' || instruction.source === 'X') return;
  const { operator, source } = instruction;
  if ((operator === 'div' || operator === 'mod') && source === 0) {
    throw new ClassicError(at, 'a division by the constant 0', 'another divisor');
  }
  if ((operator === 'shl' || operator === 'shr') && source > SHIFT_MAX) {
    throw new ClassicError(at, `a shift by ${source}`, `at most ${SHIFT_MAX}`);
  }
}

function checkTarget(target: number, at: number, length: number): void {
  if (target < length) return;
  throw new ClassicError(at, `a jump to instruction ${target}`, `at most ${length - 1}`);
}

/** A word is written on every way to where it is read. */
function checkMemory(program: readonly ClassicInstruction[]): void {
  // One bit for each word; `undefined` where no way leads.
  const written: (number | undefined)[] = [0];
  program.forEach((instruction, at) => {
    let here = written[at];
    if (here === undefined) return;
    if (instruction.kind === 'recall' && (here & (1 << instruction.word)) === 0) {
      const found = `a read of M[${instruction.word}], which is not written on every way here`;
      throw new ClassicError(at, found, 'a word that is written before');
    }
    if (instruction.kind === 'store') here |= 1 << instruction.word;
    for (const next of nextOf(instruction, at)) {
      written[next] = (written[next] ?? 0xffff) & here;
    }
  });
}

/** Where control may go from an instruction. */
export function nextOf(instruction: ClassicInstruction, at: number): number[] {
  if (instruction.kind === 'return') return [];
  if (instruction.kind === 'jump') return [instruction.to];
  if (instruction.kind === 'branch') return [instruction.ifTrue, instruction.ifFalse];
  return [at + 1];
}
