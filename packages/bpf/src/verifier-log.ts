/** Reading the verifier's log: which of its lines say what is wrong, and where. */

/** What the log says of a refused program. */
export interface LogSummary {
  /** The last useful line; two, joined by `; `, where the last needs the one before. */
  readonly complaint: string;
  /** The instruction that the verifier was at; `undefined` where it had not begun to walk. */
  readonly instruction: number | undefined;
  /** Instructions walked until then, where the log says so. */
  readonly processed: number | undefined;
  /** Lines that are not in {@link complaint}. */
  readonly omittedLines: number;
}

/** `12: (71) r1 = *(u8 *)(r2 +0)`, with or without the registers behind it. */
const instructionLine = /^(\d+): \([0-9a-f]{2}\)/;
/** `12: R1=ctx() R10=fp0`, `from 4 to 7: R0=...`, `frame1: R1=...`, `R1=...`. */
const stateLine = /^(\d+: (R\d|frame\d)|from \d+ to \d+|frame\d|R\d+(_\w+)?=|(cur|old) state:)/;
/** Accounts of the whole run, and how the verifier went from function to function. */
const accountLine =
  /^(processed \d|verification time|stack depth|func#\d|caller:|callee:|returning from|Validating)/;
/** How it followed one value back, and compared states. */
const traceLine =
  /^(mark_precise|last_idx|regs=|parent |max_states|propagating|safe$|insns_state|SCC e)/;
/** The table of live registers, at log level 2: `4: .123...... (85) call ...`. */
const livenessLine = /^(Live regs before|(\d+\s+)?\d+: [0-9.]{10} \()/;
const processedLine = /processed (\d+) insns/i;
const noise = [instructionLine, stateLine, accountLine, traceLine, livenessLine];
/** These only add to the line before them. */
const supplement =
  /^(R\d+ (offset is outside|m(in|ax) value is|unbounded)|BPF_EXIT instruction in main prog)/;

/**
 * Finds what matters in a log.
 *
 * @source kernel/bpf/verifier.c, kernel/bpf/log.c
 */
export function summariseLog(log: string): LogSummary {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const useful = lines.map((line) => line.trim()).filter((line) => !isNoise(line));
  const last = useful.at(-1);
  const before = useful.at(-2);
  const isPair = last !== undefined && before !== undefined && supplement.test(last);
  const complaint = isPair ? `${before}; ${last}` : (last ?? lines.at(-1) ?? '');
  const shown = complaint === '' ? 0 : isPair ? 2 : 1;
  return {
    complaint,
    instruction: lastInstruction(lines, complaint),
    processed: processedCount(lines),
    omittedLines: Math.max(0, lines.length - shown),
  };
}

function isNoise(line: string): boolean {
  // A semicolon begins a source line, which BTF has.
  return line.startsWith(';') || noise.some((pattern) => pattern.test(line));
}

function lastInstruction(lines: readonly string[], complaint: string): number | undefined {
  // Some complaints name their instruction, others concern the one printed last.
  const named = /\binsn (\d+)/.exec(complaint) ?? /alloc_insn=(\d+)/.exec(complaint);
  if (named) return Number(named[1]);
  for (let index = lines.length - 1; index >= 0; index--) {
    const found = instructionLine.exec((lines[index] ?? '').trim());
    if (found) return Number(found[1]);
  }
  return undefined;
}

function processedCount(lines: readonly string[]): number | undefined {
  for (let index = lines.length - 1; index >= 0; index--) {
    const found = processedLine.exec(lines[index] ?? '');
    if (found) return Number(found[1]);
  }
  return undefined;
}
