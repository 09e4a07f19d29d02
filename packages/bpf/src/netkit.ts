/** Attaching to netkit devices: pairs like veth, whose ends run programs themselves. */
import { BpfAttachType, Errno, KernelError } from '@skep/sys';
import { UnsupportedFeatureError } from './errors.ts';
import { featureSince, hasFeature } from './features.ts';
import { createLink, type Link } from './link.ts';
import type { Program } from './program.ts';
import { type ProgramOrder, queryOrder } from './program-order.ts';

/** What a program runs for: what the primary device itself sends, or what its peer sends. */
export type NetkitEnd = 'primary' | 'peer';

/** Where {@link attachNetkit} attaches. */
export interface AttachNetkitOptions {
  /** A program of traffic control. */
  readonly program: Program;
  /** The primary device, in the network namespace of the calling thread. */
  readonly ifindex: number;
  readonly end: NetkitEnd;
}

/**
 * Attaches a program to one end of a netkit pair.
 *
 * @throws UnsupportedFeatureError where the kernel has no netkit; KernelError, ENXIO for a device
 *   of another sort
 * @since Linux 6.7
 */
export function attachNetkit({ program, ifindex, end }: AttachNetkitOptions): Link {
  const detail = `interface ${ifindex}, ${end} end`;
  try {
    return createLink(
      { program, target: ifindex, attachType: netkitAttachType(end) },
      { operation: 'attach netkit program', subject: program.name, detail },
    );
  } catch (cause) {
    const isInvalid = cause instanceof KernelError && cause.errno === Errno.EINVAL;
    if (isInvalid && !hasFeature('netkit')) {
      throw new UnsupportedFeatureError('netkit', featureSince.netkit, { cause });
    }
    throw cause;
  }
}

/**
 * Reads what is attached to one end, by whomever.
 *
 * @param ifindex of the primary device, in the network namespace of the calling thread
 * @throws KernelError, ENXIO for a device of another sort
 */
export function queryNetkit(ifindex: number, end: NetkitEnd): ProgramOrder {
  const subject = `interface ${ifindex}, ${end} end`;
  return queryOrder(ifindex, netkitAttachType(end), { operation: 'query netkit', subject });
}

function netkitAttachType(end: NetkitEnd): number {
  return end === 'primary' ? BpfAttachType.NETKIT_PRIMARY : BpfAttachType.NETKIT_PEER;
}
