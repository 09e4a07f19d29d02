/** Programs: compiled objects that the kernel has verified and made its own. */
import {
  asm,
  encode,
  FUNCTION_RECORD_BYTES,
  LINE_RECORD_BYTES,
  type MapShape,
  type ProgramBtf,
  type ProgramObject,
  programBtf,
  r0,
} from '@skep/bytecode';
import { type KindFacts, programKinds } from '@skep/ebpf';
import { BpfAttribute, BpfCommand, bpfResult, Errno, Fd } from '@skep/sys';
import { Attribute } from './attribute.ts';
import { loadBtf } from './btf.ts';
import { targetId } from './kernel-types.ts';
import { bpf, bpfError } from './call.ts';
import { MapShapeError, UnsupportedFeatureError } from './errors.ts';
import { type ProgramInfo, readProgramInfo } from './info.ts';
import { linkKernelFields } from './kernel-fields.ts';
import { linkKernelFunctions } from './kernel-functions.ts';
import type { BpfMap } from './map.ts';
import { openPinnedObject, pinObject } from './pin.ts';
import { checkShape } from './shape.ts';
import { VerifierError } from './verifier-error.ts';

/** A program that is loaded; attached by `link.ts` or put into a program array. */
export class Program {
  constructor(
    readonly fd: Fd<'program'>,
    readonly name: string,
    /** @alias BPF_PROG_TYPE_* */
    readonly programType: number,
    /** Where it will be attached, for types that are told so at loading. @alias BPF_* */
    readonly attachType?: number,
    /** The function, tracepoint or hook of the kernel that it is meant for. */
    readonly attachTarget?: string,
  ) {}

  /**
   * What the kernel says of it, such as how many instructions its verifier walked.
   *
   * @throws KernelError
   */
  info(): ProgramInfo {
    return readProgramInfo(this.fd);
  }

  /** Gives the program a name in a BPF file system. @throws KernelError EEXIST when it is taken */
  pin(path: string): void {
    pinObject(this.fd, path);
  }

  /** Closes the descriptor; the program lives on while attached, pinned or in a program array. */
  close(): void {
    this.fd.close();
  }
}

/** Options of {@link loadProgram}. */
export interface LoadOptions {
  /** The maps that the object's references name. */
  readonly maps?: Readonly<Record<string, BpfMap>>;
  /** Instead of the object's own. @alias BPF_* */
  readonly attachType?: number;
  /**
   * Of a program that is refused for its size: only that, not the walk until then, which takes the
   * verifier many times as long to write down as to do.
   */
  readonly isBrief?: boolean;
}

/**
 * Loads a program: the kernel verifies and compiles it.
 *
 * @throws VerifierError when the verifier refuses it; KernelError EPERM without the rights;
 *   MapShapeError when a map is not of the shape that the program was compiled for;
 *   MissingKernelFunctionError, KernelFunctionShapeError; MissingKernelFieldError
 */
export function loadProgram(object: ProgramObject, options: LoadOptions = {}): Program {
  const code = linkMaps(object, options.maps ?? {});
  linkKernelFunctions(object, code);
  linkKernelFields(object, code);
  const attribute = loadAttribute(object, code, options);
  // The kernel takes the address of a function only where it knows its name.
  const isDescribed = object.lines.length > 0 || object.functions.length > 1;
  const described = isDescribed ? programBtf(object) : undefined;
  const btf = described && loadBtf(described.btf, object.name);
  try {
    if (described && btf) describe(attribute, described, btf);
    const result = callLoad(attribute);
    const isBrief = options.isBrief === true && result === -Errno.E2BIG;
    const levels = isBrief ? [LOG_STATISTICS] : [2, 1];
    const fd = result >= 0 ? result : loadWithLog({ object, attribute, levels }, -result);
    const { name, programType, attachTarget } = object;
    const attachType = options.attachType ?? object.attachType;
    return new Program(new Fd('program', fd), name, programType, attachType, attachTarget);
  } finally {
    btf?.close();
  }
}

/** Names and lines, which the verifier quotes in its log and tools show beside the code. */
function describe(attribute: Attribute, described: ProgramBtf, btf: Fd<'btf'>): void {
  const { programLoad } = BpfAttribute;
  const { functions, lines } = described;
  attribute
    .setU32(programLoad.prog_btf_fd, btf.number)
    .setU32(programLoad.func_info_rec_size, FUNCTION_RECORD_BYTES)
    .setPointer(programLoad.func_info, functions)
    .setU32(programLoad.func_info_cnt, functions.length / FUNCTION_RECORD_BYTES)
    .setU32(programLoad.line_info_rec_size, LINE_RECORD_BYTES)
    .setPointer(programLoad.line_info, lines)
    .setU32(programLoad.line_info_cnt, lines.length / LINE_RECORD_BYTES);
}

/**
 * Opens a pinned program.
 *
 * @returns `undefined` where the path does not exist
 * @throws KernelError
 */
export function openPinnedProgram(path: string): Program | undefined {
  const fd = openPinnedObject('program', path);
  if (fd === undefined) return undefined;
  try {
    const { name, programType } = readProgramInfo(fd);
    return new Program(fd, name, programType);
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** Opens a program by the number in its info. @throws KernelError ENOENT where it is gone */
export function openProgramById(id: number): Program {
  const attribute = new Attribute(BpfAttribute.id.size).setU32(BpfAttribute.id.id, id);
  const intent = { operation: 'open program', subject: `id ${id}` };
  const fd = new Fd('program', bpf(BpfCommand.PROG_GET_FD_BY_ID, attribute, intent));
  const { name, programType } = readProgramInfo(fd);
  return new Program(fd, name, programType);
}

const LOAD_16_BYTES = 0x18;
const SLOT_BYTES = 8;

/** The code with the descriptors of its maps in place. */
function linkMaps(object: ProgramObject, maps: Readonly<Record<string, BpfMap>>): Uint8Array {
  const code = object.code.slice();
  const view = new DataView(code.buffer);
  const checked = new Set<string>();
  for (const { instruction, map: name } of object.mapReferences) {
    const map = maps[name];
    const subject = `load program ${object.name}`;
    if (!map) throw new TypeError(`${subject}: map ${name} missing, expected it in options.maps`);
    if (!checked.has(name)) checkMap(object, name, map);
    checked.add(name);
    const offset = instruction * SLOT_BYTES;
    if (view.getUint8(offset) !== LOAD_16_BYTES) {
      const found = `opcode 0x${view.getUint8(offset).toString(16)}`;
      throw new TypeError(`${subject}: instruction ${instruction} ${found}, expected 0x18`);
    }
    view.setInt32(offset + 4, map.fd.number, true);
  }
  return code;
}

function checkMap(object: ProgramObject, name: string, map: BpfMap): void {
  const expected = object.maps.find((shape: MapShape) => shape.name === name);
  const subject = `load program ${object.name}: map ${name}`;
  if (!expected)
    throw new MapShapeError(subject, 'shape', 'not in the object', 'one of object.maps');
  checkShape(subject, map.shape, expected);
}

function loadAttribute(object: ProgramObject, code: Uint8Array, options: LoadOptions): Attribute {
  const { programLoad } = BpfAttribute;
  return new Attribute(programLoad.size)
    .setU32(programLoad.prog_type, object.programType)
    .setU32(programLoad.insn_cnt, code.length / SLOT_BYTES)
    .setPointer(programLoad.insns, code)
    .setPointer(programLoad.license, Buffer.from(`${object.license}\0`, 'latin1'))
    .setName(programLoad.prog_name, object.name)
    .setU32(programLoad.expected_attach_type, options.attachType ?? object.attachType ?? 0)
    .setU32(programLoad.attach_btf_id, targetId(object));
}

/** The kernel gives up with EAGAIN when a signal arrives, such as a profiler's. */
const LOAD_ATTEMPTS = 5;

function callLoad(attribute: Attribute): number {
  let result = 0;
  for (let attempt = 0; attempt < LOAD_ATTEMPTS; attempt++) {
    result = bpfResult(BpfCommand.PROG_LOAD, attribute.bytes);
    if (result !== -Errno.EAGAIN) break;
  }
  return result;
}

/**
 * The most that every supported kernel takes; pages that the log does not reach are never touched.
 */
const LOG_BYTES = (1 << 24) - 1;
/** One for all loads: a new one for each costs the garbage collector more than the load. */
let sharedLog: Buffer | undefined;

/** @alias BPF_LOG_STATS */
const LOG_STATISTICS = 4;

interface Explained {
  readonly object: ProgramObject;
  readonly attribute: Attribute;
  /** Tried until one fits. */
  readonly levels: readonly number[];
}

/**
 * Loads again to learn why it failed. A log that is full makes old kernels (before 6.4) fail with
 * ENOSPC and without the end of the log, so the first attempt has none, and the second tries level
 * 2 (every path), then level 1 (the failing path only).
 */
function loadWithLog({ object, attribute, levels }: Explained, errno: number): number {
  const { programLoad } = BpfAttribute;
  sharedLog ??= Buffer.alloc(LOG_BYTES);
  const log = sharedLog;
  attribute.setPointer(programLoad.log_buf, log).setU32(programLoad.log_size, log.length);
  let result = -errno;
  for (const level of levels) {
    attribute.setU32(programLoad.log_level, level);
    log[0] = 0;
    result = callLoad(attribute);
    if (result !== -Errno.ENOSPC) break;
  }
  if (result >= 0) return result;
  const text = log.toString('utf8', 0, log.indexOf(0));
  if (text !== '') throw new VerifierError(object, -result, text);
  const cause = bpfError(-result, { operation: 'load program', subject: object.name });
  const kind = result === -Errno.EINVAL ? unsupportedKind(object) : undefined;
  if (kind) throw new UnsupportedFeatureError(`program kind ${kind.name}`, kind.since, { cause });
  throw cause;
}

/** The kind of the object, where this kernel does not even take the smallest program of it. */
function unsupportedKind(object: ProgramObject): { name: string; since: string } | undefined {
  const { programType, attachType, attachTarget } = object;
  const found = Object.entries(programKinds).find(([, facts]: [string, KindFacts]) => {
    return facts.programType === programType && facts.attachType === attachType;
  });
  if (!found || attachTarget !== undefined) return undefined;
  const smallest = encode([asm.mov64(r0, 1), asm.exit()]);
  const result = callLoad(loadAttribute(object, smallest, {}));
  if (result >= 0) {
    new Fd('program', result).close();
    return undefined;
  }
  return result === -Errno.EINVAL ? { name: found[0], since: found[1].since } : undefined;
}
