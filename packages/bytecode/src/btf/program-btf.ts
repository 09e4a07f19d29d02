/**
 * The BTF of a program: names of its functions, and the source line of its instructions, so that
 * the verifier's messages quote the TypeScript.
 *
 * @source struct bpf_func_info, struct bpf_line_info, include/uapi/linux/bpf.h; what is demanded of
 *   them: check_btf_func and check_btf_line, kernel/bpf/verifier.c
 */
import { sourceOf } from '../listing/listing.ts';
import type { GlobalParameter, ProgramObject, SourceLine } from '../object.ts';
import { BtfBuilder, type BtfId } from './builder.ts';

/** What BPF_PROG_LOAD wants beside the code. */
export interface ProgramBtf {
  /** For BPF_BTF_LOAD. */
  readonly btf: Uint8Array;
  /** `struct bpf_func_info`, one for each function. */
  readonly functions: Uint8Array;
  /** `struct bpf_line_info`, in ascending order; empty when the object has no lines. */
  readonly lines: Uint8Array;
}

/** Bytes of one record of `ProgramBtf.functions`. */
export const FUNCTION_RECORD_BYTES = 8;
/** Bytes of one record of `ProgramBtf.lines`. */
export const LINE_RECORD_BYTES = 16;

const COLUMN_MAX = 1023;
const LINE_MAX = (1 << 22) - 1;
const NAME_LENGTH_MAX = 127;

/** Deterministic: equal objects give equal bytes. */
export function programBtf(object: ProgramObject): ProgramBtf {
  const builder = new BtfBuilder();
  const result = builder.signedInteger('int', 4);
  const context = builder.pointer(0);
  const prototype = builder.functionPrototype(result, [{ name: 'ctx', type: context }]);
  const functions = object.functions.map(({ instruction, name, global }) => [
    instruction,
    global
      ? globalFunction(builder, object.programType, identifier(name), global)
      : builder.function(identifier(name), prototype),
  ]);
  const lines = allLines(object).map((line) => [
    line.instruction,
    builder.text(line.file),
    builder.text(line.text.replace(/\s+/g, ' ').trim()),
    (Math.min(line.line, LINE_MAX) * (COLUMN_MAX + 1) + Math.min(line.column, COLUMN_MAX)) >>> 0,
  ]);
  return { btf: builder.build(), functions: records(functions), lines: records(lines) };
}

/** The struct that the kernel takes for the context, by program type; TC's where none is named. */
const contextNames: Readonly<Record<number, string>> = {
  6: 'xdp_md',
  9: 'bpf_sock',
  13: 'bpf_sock_ops',
  16: 'sk_msg_md',
  18: 'bpf_sock_addr',
  21: 'sk_reuseport_md',
  30: 'bpf_sk_lookup',
};

/** Integers of 64 bits, and the context as the kernel knows it by its name. */
function globalFunction(
  builder: BtfBuilder,
  programType: number,
  name: string,
  parameters: readonly GlobalParameter[],
): BtfId {
  const word = builder.integer('u64', 8);
  const struct = builder.struct(contextNames[programType] ?? '__sk_buff', 4, []);
  const context = builder.pointer(struct);
  const typed = parameters.map((each, index) => {
    return { name: `given${index}`, type: each === 'context' ? context : word };
  });
  return builder.globalFunction(name, builder.functionPrototype(word, typed));
}

/** The kernel wants one line at the start of each function, so one is borrowed where none is. */
function allLines(object: ProgramObject): readonly SourceLine[] {
  const [first] = object.lines;
  if (!first) return [];
  const known = new Set(object.lines.map((line) => line.instruction));
  const missing = object.functions.filter((range) => !known.has(range.instruction));
  if (missing.length === 0) return object.lines;
  const borrowed = missing.map(({ instruction }) => ({
    ...(sourceOf(object, instruction) ?? first),
    instruction,
  }));
  const ascending = (one: SourceLine, other: SourceLine) => one.instruction - other.instruction;
  return [...object.lines, ...borrowed].sort(ascending);
}

/** Function names must be C identifiers. */
function identifier(name: string): string {
  const letters = name.replace(/\W/g, '_').slice(0, NAME_LENGTH_MAX);
  return /^\d/.test(letters) || letters === '' ? `_${letters}` : letters;
}

function records(rows: readonly (readonly number[])[]): Uint8Array {
  const words = rows.flat();
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, index) => {
    view.setUint32(index * 4, word, true);
  });
  return bytes;
}
