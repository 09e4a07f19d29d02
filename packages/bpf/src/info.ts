/** What the kernel says of an object behind a descriptor. */
import type { MapShape } from '@skep/bytecode';
import { BpfAttribute, BpfCommand, BpfInfo, type Fd } from '@skep/sys';
import { Attribute, readName } from './attribute.ts';
import { bpf } from './call.ts';
import { madeFlags, mapKind } from './shape.ts';

/** A map as the kernel has it. */
export interface MapInfo {
  /** Unique on this machine until reboot. */
  readonly id: number;
  readonly shape: MapShape;
}

/** A program as the kernel has it. */
export interface ProgramInfo {
  readonly id: number;
  /** At most 15 characters. */
  readonly name: string;
  /** @alias BPF_PROG_TYPE_* */
  readonly programType: number;
  /** First 8 bytes of a digest of the instructions, as 16 hexadecimal digits. */
  readonly tag: string;
  /** Instructions that the verifier walked, all paths together. @since Linux 5.16 (0 before) */
  readonly verifiedInstructions: number;
  /** Bytes of machine code; 0 where the JIT is off. */
  readonly machineCodeBytes: number;
  /** Bytes of bytecode after the verifier's own changes. */
  readonly translatedBytes: number;
  /** Runs and their time, counted only while `kernel.bpf_stats_enabled` is 1. */
  readonly runCount: bigint;
  readonly runNanoseconds: bigint;
}

/** The raw answer, zeros where an older kernel says nothing. @throws KernelError */
export function readInfo(fd: Fd<'map' | 'program' | 'link'>, size: number): DataView {
  const info = new Uint8Array(size);
  const { info: at } = BpfAttribute;
  const attribute = new Attribute(BpfAttribute.info.size)
    .setU32(at.bpf_fd, fd.number)
    .setU32(at.info_len, size)
    .setPointer(at.info, info);
  bpf(BpfCommand.OBJ_GET_INFO_BY_FD, attribute, { operation: `read ${fd.kind} info` });
  return new DataView(info.buffer);
}

/**
 * Id and shape of a map.
 *
 * @throws KernelError; TypeError for a kind of map that is not used here
 */
export function readMapInfo(fd: Fd<'map'>): MapInfo {
  const { map } = BpfInfo;
  const view = readInfo(fd, map.size);
  const type = view.getUint32(map.type, true);
  const kind = mapKind(type);
  const name = readName(new Uint8Array(view.buffer), map.name);
  if (!kind) throw new TypeError(`map ${name}: type ${type}, expected one of @skep/ebpf's kinds`);
  return {
    id: view.getUint32(map.id, true),
    shape: {
      name,
      kind,
      keySize: view.getUint32(map.key_size, true),
      valueSize: view.getUint32(map.value_size, true),
      maxEntries: view.getUint32(map.max_entries, true),
      flags: madeFlags(kind, view.getUint32(map.map_flags, true)),
    },
  };
}

/**
 * A program's instructions as the kernel runs them, the verifier's own among them; addresses are
 * zero for those who may not see them.
 *
 * @throws KernelError
 */
export function readProgramCode(fd: Fd<'program'>): Uint8Array {
  const { program } = BpfInfo;
  const code = new Uint8Array(readProgramInfo(fd).translatedBytes);
  const info = new Attribute(program.size)
    .setU32(program.xlated_prog_len, code.length)
    .setPointer(program.xlated_prog_insns, code);
  const { info: at } = BpfAttribute;
  const attribute = new Attribute(BpfAttribute.info.size)
    .setU32(at.bpf_fd, fd.number)
    .setU32(at.info_len, program.size)
    .setPointer(at.info, info.bytes);
  bpf(BpfCommand.OBJ_GET_INFO_BY_FD, attribute, { operation: 'read program code' });
  return code;
}

/** Numbers of the maps that a program uses. @throws KernelError */
export function readProgramMaps(fd: Fd<'program'>): number[] {
  const { program } = BpfInfo;
  const count = readInfo(fd, program.size).getUint32(program.nr_map_ids, true);
  const ids = new Uint8Array(4 * count);
  const info = new Attribute(program.size)
    .setU32(program.nr_map_ids, count)
    .setPointer(program.map_ids, ids);
  const { info: at } = BpfAttribute;
  const attribute = new Attribute(BpfAttribute.info.size)
    .setU32(at.bpf_fd, fd.number)
    .setU32(at.info_len, program.size)
    .setPointer(at.info, info.bytes);
  bpf(BpfCommand.OBJ_GET_INFO_BY_FD, attribute, { operation: 'read program maps' });
  return [...new Uint32Array(ids.buffer)];
}

/** @throws KernelError */
export function readProgramInfo(fd: Fd<'program'>): ProgramInfo {
  const { program } = BpfInfo;
  const view = readInfo(fd, program.size);
  const bytes = new Uint8Array(view.buffer);
  return {
    id: view.getUint32(program.id, true),
    name: readName(bytes, program.name),
    programType: view.getUint32(program.type, true),
    tag: Buffer.from(bytes.subarray(program.tag, program.tag + 8)).toString('hex'),
    verifiedInstructions: view.getUint32(program.verified_insns, true),
    machineCodeBytes: view.getUint32(program.jited_prog_len, true),
    translatedBytes: view.getUint32(program.xlated_prog_len, true),
    runCount: view.getBigUint64(program.run_cnt, true),
    runNanoseconds: view.getBigUint64(program.run_time_ns, true),
  };
}
