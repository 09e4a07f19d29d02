/** The kernel refused a program: why, and at which line of TypeScript. */
import type { ProgramObject, SourceLine } from '@skep/bytecode';
import { errnoName } from '@skep/sys';
import { type LogSummary, summariseLog } from './verifier-log.ts';

/** The errno then is that of whatever the verifier had run out of, or of its log. */
const tooComplex = /^The sequence of \d+ jumps is too complex|^BPF program is too large/;
const COMPLEXITY_ADVICE =
  ' (keep what its loops carry from turn to turn in a small range, or move a part into a ' +
  'global function)';

/**
 * The verifier refused a program. The message has the last useful line of its log and the line of
 * TypeScript that it is about; `log` has all.
 */
export class VerifierError extends Error {
  readonly code = 'ERR_VERIFIER';
  /** The program's name. */
  readonly program: string;
  /** All that the kernel said, or the last 16 MB of it. */
  readonly log: string;
  /** Where the refused instruction comes from; `undefined` where the object has no lines. */
  readonly at: SourceLine | undefined;
  readonly summary: LogSummary;
  readonly errno: number;

  constructor(object: ProgramObject, errno: number, log: string) {
    const summary = summariseLog(log);
    const at =
      summary.instruction === undefined ? undefined : sourceLineAt(object, summary.instruction);
    const { complaint, omittedLines, instruction } = summary;
    const what = complaint === '' ? 'the kernel gave no reason' : complaint;
    const isNamed = instruction === undefined || complaint.includes('insn');
    const where = isNamed ? '' : ` at instruction ${instruction}`;
    const omitted = omittedLines > 0 ? ` (${omittedLines} more lines in error.log)` : '';
    const source = at ? `\n  ${at.file}:${at.line}:${at.column}\n    ${at.text.trim()}` : '';
    const isComplex = tooComplex.test(complaint);
    const cause = isComplex ? 'too complex for the verifier' : errnoName(errno);
    const advice = isComplex ? COMPLEXITY_ADVICE : '';
    super(`load program ${object.name}: ${cause}: ${what}${where}${advice}${omitted}${source}`);
    this.name = 'VerifierError';
    this.program = object.name;
    this.errno = errno;
    this.log = log;
    this.summary = summary;
    this.at = at;
  }
}

/** The line that an instruction was made from: the last one that begins at or before it. */
export function sourceLineAt(object: ProgramObject, instruction: number): SourceLine | undefined {
  let found: SourceLine | undefined;
  for (const line of object.lines) {
    const isCloser = found === undefined || line.instruction >= found.instruction;
    if (line.instruction <= instruction && isCloser) found = line;
  }
  return found;
}
