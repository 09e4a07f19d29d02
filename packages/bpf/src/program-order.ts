/** The programs of one place that runs several of them in an order: traffic control, netkit. */
import { BpfAttribute, BpfCommand, bpfResult, Errno } from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpfError, type Intent } from './call.ts';

/** What runs at one place. */
export interface ProgramOrder {
  /** Grows with each change; the next attachment may demand it. */
  readonly revision: bigint;
  /** In the order in which they run. `linkId` is 0 for a program attached without a link. */
  readonly programs: readonly { readonly programId: number; readonly linkId: number }[];
}

/** More programs than anyone attaches; the kernel's own limit is 64. */
const PROGRAMS_MAX = 64;

/** Reads what is attached to an interface, by whomever. @throws KernelError */
export function queryOrder(ifindex: number, attachType: number, intent: Intent): ProgramOrder {
  const { query } = BpfAttribute;
  const programs = new Uint32Array(PROGRAMS_MAX);
  const links = new Uint32Array(PROGRAMS_MAX);
  const attribute = new Attribute(query.size)
    .setU32(query.target, ifindex)
    .setU32(query.attach_type, attachType)
    .setPointer(query.prog_ids, programs)
    .setPointer(query.link_ids, links)
    .setU32(query.count, PROGRAMS_MAX);
  const errno = -bpfResult(BpfCommand.PROG_QUERY, attribute.bytes);
  // The first kernels with orders say ENOENT where nothing was ever attached, later ones give zero.
  if (errno !== 0 && errno !== Errno.ENOENT) throw bpfError(errno, intent);
  if (errno === Errno.ENOENT) return { revision: 1n, programs: [] };
  const found = Array.from(programs.subarray(0, attribute.getU32(query.count)));
  return {
    revision: attribute.getU64(query.revision),
    programs: found.map((programId, index) => ({ programId, linkId: links[index] ?? 0 })),
  };
}
