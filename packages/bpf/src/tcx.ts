/**
 * Attaching to traffic control by TCX: several programs in an order, each with a link of its own.
 */
import {
  BpfAttachFlag,
  BpfAttachType,
  BpfAttribute,
  BpfCommand,
  bpfResult,
  Errno,
  KernelError,
} from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpfError } from './call.ts';
import { UnsupportedFeatureError } from './errors.ts';
import { featureSince, hasTcx } from './features.ts';
import { createLink, type Link, type TcDirection } from './link.ts';
import type { Program } from './program.ts';

/** Where in the order of programs: at an end, or beside another link. */
export type TcxPosition = 'first' | 'last' | { readonly before: Link } | { readonly after: Link };

/** Where {@link attachTcx} attaches. */
export interface AttachTcxOptions {
  readonly program: Program;
  /** In the network namespace of the calling thread. */
  readonly ifindex: number;
  readonly direction: TcDirection;
  /** `last` where absent. */
  readonly position?: TcxPosition;
  /** Refuses with ESTALE where the order is not the one that {@link queryTcx} gave. */
  readonly expectedRevision?: bigint;
}

/**
 * Attaches a program to one direction of an interface. A program ends the order by any result but
 * `TcAction.Next`.
 *
 * @throws UnsupportedFeatureError where the kernel has no TCX; KernelError
 * @since Linux 6.6
 */
export function attachTcx(options: AttachTcxOptions): Link {
  const { program, ifindex, direction, position = 'last', expectedRevision = 0n } = options;
  const { flags, relative } = placement(position);
  const attachType = tcxAttachType(direction);
  try {
    return createLink(
      { program, target: ifindex, attachType, flags, relative, expectedRevision },
      {
        operation: 'attach tcx program',
        subject: program.name,
        detail: `interface ${ifindex} ${direction}`,
      },
    );
  } catch (cause) {
    if (cause instanceof KernelError && !hasTcx()) {
      throw new UnsupportedFeatureError('tcx', featureSince.tcx, { cause });
    }
    throw cause;
  }
}

/** What runs at one direction of an interface. */
export interface TcxOrder {
  /** Grows with each change; the next attachment may demand it. */
  readonly revision: bigint;
  /** In the order in which they run. `linkId` is 0 for a program attached without a link. */
  readonly programs: readonly { readonly programId: number; readonly linkId: number }[];
}

/** More programs than anyone attaches; the kernel's own limit is 64. */
const PROGRAMS_MAX = 64;

/** Reads what is attached, by whomever. @throws KernelError EINVAL where the kernel has no TCX */
export function queryTcx(ifindex: number, direction: TcDirection): TcxOrder {
  const { query } = BpfAttribute;
  const programs = new Uint32Array(PROGRAMS_MAX);
  const links = new Uint32Array(PROGRAMS_MAX);
  const attribute = new Attribute(query.size)
    .setU32(query.target, ifindex)
    .setU32(query.attach_type, tcxAttachType(direction))
    .setPointer(query.prog_ids, programs)
    .setPointer(query.link_ids, links)
    .setU32(query.count, PROGRAMS_MAX);
  const subject = `interface ${ifindex} ${direction}`;
  const errno = -bpfResult(BpfCommand.PROG_QUERY, attribute.bytes);
  // The first kernels with TCX say ENOENT where nothing was ever attached, later ones give zero.
  if (errno !== 0 && errno !== Errno.ENOENT) {
    throw bpfError(errno, { operation: 'query tcx', subject });
  }
  if (errno === Errno.ENOENT) return { revision: 1n, programs: [] };
  const found = Array.from(programs.subarray(0, attribute.getU32(query.count)));
  return {
    revision: attribute.getU64(query.revision),
    programs: found.map((programId, index) => ({ programId, linkId: links[index] ?? 0 })),
  };
}

function tcxAttachType(direction: TcDirection): number {
  return direction === 'ingress' ? BpfAttachType.TCX_INGRESS : BpfAttachType.TCX_EGRESS;
}

function placement(position: TcxPosition): { readonly flags: number; readonly relative: number } {
  const { BEFORE, AFTER, LINK } = BpfAttachFlag;
  if (position === 'first') return { flags: BEFORE, relative: 0 };
  if (position === 'last') return { flags: AFTER, relative: 0 };
  if ('before' in position) return { flags: BEFORE | LINK, relative: position.before.fd.number };
  return { flags: AFTER | LINK, relative: position.after.fd.number };
}
