/**
 * Attaching to traffic control by TCX: several programs in an order, each with a link of its own.
 */
import { BpfAttachFlag, BpfAttachType, KernelError } from '@skep/sys';
import { UnsupportedFeatureError } from './errors.ts';
import { featureSince, hasTcx } from './features.ts';
import { createLink, type Link, type TcDirection } from './link.ts';
import type { Program } from './program.ts';
import { type ProgramOrder, queryOrder } from './program-order.ts';

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

/** Reads what is attached, by whomever. @throws KernelError EINVAL where the kernel has no TCX */
export function queryTcx(ifindex: number, direction: TcDirection): ProgramOrder {
  const subject = `interface ${ifindex} ${direction}`;
  return queryOrder(ifindex, tcxAttachType(direction), { operation: 'query tcx', subject });
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
