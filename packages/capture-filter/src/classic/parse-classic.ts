/** Reads classic programs as `tcpdump -ddd` prints them. */
import { CLASSIC_INSTRUCTIONS_MAX, checkClassic } from './check-classic.ts';
import { ClassicError } from './classic-error.ts';
import { ClassicProgram } from './classic-program.ts';
import { decodeClassic, type EncodedInstruction } from './instruction.ts';

const LINE = /^(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$/;
const CODE_MAX = 0xffff;
const JUMP_MAX = 0xff;
const CONSTANT_MAX = 0xffff_ffff;

/**
 * A line with the count, then a line of four numbers for each instruction: opcode, jump if true,
 * jump if false, constant. Commas may stand for line ends, as `tc` and `iptables` have it.
 *
 * @throws ClassicError for what is malformed, and for what the kernel would refuse
 */
export function parseClassic(text: string): ClassicProgram {
  const [count = '', ...lines] = text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (!/^\d+$/.test(count)) {
    const expected = 'the count of instructions first, as tcpdump -ddd prints it';
    throw new ClassicError(null, count === '' ? 'nothing' : `'${count}'`, expected);
  }
  if (Number(count) !== lines.length) {
    throw new ClassicError(null, `${lines.length} instructions`, `the ${count} that are announced`);
  }
  if (lines.length > CLASSIC_INSTRUCTIONS_MAX) {
    const expected = `at most ${CLASSIC_INSTRUCTIONS_MAX}`;
    throw new ClassicError(null, `${lines.length} instructions`, expected);
  }
  const program = lines.map((line, at) => decodeClassic(encodedOf(line, at), at));
  checkClassic(program);
  return new ClassicProgram(program);
}

function encodedOf(line: string, at: number): EncodedInstruction {
  const numbers = LINE.exec(line)?.slice(1).map(Number);
  const expected = 'four numbers: opcode, jump if true, jump if false, constant';
  if (!numbers) throw new ClassicError(at, `'${line}'`, expected);
  const [code, jumpTrue, jumpFalse, constant] = numbers as [number, number, number, number];
  const isFit =
    code <= CODE_MAX && jumpTrue <= JUMP_MAX && jumpFalse <= JUMP_MAX && constant <= CONSTANT_MAX;
  if (isFit) return { code, jumpTrue, jumpFalse, constant };
  throw new ClassicError(at, `'${line}'`, 'numbers of at most 16, 8, 8 and 32 bits');
}
