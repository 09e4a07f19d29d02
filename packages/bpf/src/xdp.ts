/** Attaching to XDP: the earliest hook, at the driver. One program for each interface. */
import { BpfAttachType, Errno, KernelError, XdpFlag } from '@skep/sys';
import { UnsupportedFeatureError } from './errors.ts';
import { createLink, type Link } from './link.ts';
import type { Program } from './program.ts';

/**
 * `native` runs in the driver, before a socket buffer is made; `generic` works on every interface
 * but is about as fast as traffic control; `offload` runs on the network card, which few can.
 */
export type XdpMode = 'native' | 'generic' | 'offload';

/** Where and how {@link attachXdp} attaches. */
export interface AttachXdpOptions {
  readonly program: Program;
  /** In the network namespace of the calling thread. */
  readonly ifindex: number;
  /** `native` where absent, and `generic` where the driver has none. */
  readonly mode?: XdpMode;
}

/** An XDP attachment and the mode that it got. */
export interface XdpAttachment {
  readonly link: Link;
  readonly mode: XdpMode;
}

/**
 * Attaches a program to an interface.
 *
 * @throws KernelError: EBUSY where another link is attached, EEXIST where a program is attached
 *   without a link, EOPNOTSUPP where `native` is demanded and the driver has none;
 *   UnsupportedFeatureError where `offload` is demanded and the card cannot
 * @since Linux 5.9
 */
export function attachXdp(options: AttachXdpOptions): XdpAttachment {
  const { mode } = options;
  if (mode === 'offload') return { link: attachOffloaded(options), mode };
  if (mode !== undefined) return { link: attachInMode(options, mode), mode };
  try {
    return { link: attachInMode(options, 'native'), mode: 'native' };
  } catch (error) {
    if (!(error instanceof KernelError) || !lacksNative.has(error.errno)) throw error;
    return { link: attachInMode(options, 'generic'), mode: 'generic' };
  }
}

/**
 * Errors of drivers that cannot run a program natively: EOPNOTSUPP has none at all, the others find
 * this interface's set-up (MTU, queues, offloads) unfit.
 */
const lacksNative = new Set<number>([
  Errno.EOPNOTSUPP,
  Errno.ENOTSUPP,
  Errno.EINVAL,
  Errno.ERANGE,
  Errno.ENOSPC,
]);

const flagsOf: Readonly<Record<XdpMode, number>> = {
  native: XdpFlag.DRV_MODE,
  generic: XdpFlag.SKB_MODE,
  offload: XdpFlag.HW_MODE,
};

/** A card takes only programs that were loaded for it; no card here was ever seen to. */
function attachOffloaded(options: AttachXdpOptions): Link {
  try {
    return attachInMode(options, 'offload');
  } catch (cause) {
    const { EINVAL, EOPNOTSUPP, ENOTSUPP } = Errno;
    const isRefusal =
      cause instanceof KernelError &&
      [EINVAL, EOPNOTSUPP, ENOTSUPP].some((errno) => errno === cause.errno);
    if (!isRefusal) throw cause;
    const detail = `the card behind interface ${options.ifindex} runs no programs (use 'native')`;
    throw new UnsupportedFeatureError('xdp offload', '4.13', { cause, detail });
  }
}

function attachInMode({ program, ifindex }: AttachXdpOptions, mode: XdpMode): Link {
  const flags = flagsOf[mode];
  return createLink(
    { program, target: ifindex, attachType: BpfAttachType.XDP, flags },
    {
      operation: 'attach xdp program',
      subject: program.name,
      detail: `interface ${ifindex}, ${mode} mode`,
    },
  );
}
