/**
 * Attaching to traffic control on any kernel: by a TCX link where there is TCX, else by a `bpf`
 * classifier under `clsact`, which takes netlink. Netlink is a package beside this one, so its part
 * comes in as an argument. A netkit device runs the same programs by itself.
 */
import { hasTcx } from './features.ts';
import { type Link, openPinnedLink, type TcDirection } from './link.ts';
import { unpinObject } from './pin.ts';
import { attachNetkit, type NetkitEnd, queryNetkit } from './netkit.ts';
import type { Program } from './program.ts';
import type { ProgramOrder } from './program-order.ts';
import { attachTcx, queryTcx } from './tcx.ts';

/** Which classifier: its priority and handle name it on its interface and direction. */
export interface ClassifierKey {
  readonly linkIndex: number;
  readonly direction: TcDirection;
  readonly priority: number;
  readonly handle: number;
}

/** What is needed of netlink; `TrafficControl` of `@skep/netlink` is one. */
export interface Classifiers {
  /** Makes the interface ready for classifiers; content where it is. */
  addClsact(linkIndex: number): void;
  /** Puts a program there, in the place of one with the same key. */
  replaceFilter(
    filter: ClassifierKey & { readonly programFd: number; readonly name: string },
  ): void;
  /** The filters of one direction. */
  listFilters(
    linkIndex: number,
    direction: TcDirection,
  ): readonly (ClassifierKey & { readonly programId: number | undefined })[];
  /** Takes it away, and what {@link addClsact} made with the last one; absence is no error. */
  removeFilter(key: ClassifierKey): void;
}

/**
 * How a program came to be attached. `netkit` is for the primary device of a netkit pair: its
 * ingress is what the peer sends, its egress what it sends itself.
 */
export type TcMechanism = 'tcx' | 'clsact' | 'netkit';

/** A program attached to traffic control, whichever way, that stays when this process ends. */
export interface TcAttachment {
  readonly mechanism: TcMechanism;
  /** The number of its link, where there is one. */
  readonly linkId?: number;
  /** Puts another program in its place, between two packets. */
  update(program: Program): void;
  /** Pins it where it was pinned, after somebody has removed the pin. A classifier has none. */
  pinAgain(): void;
  /** Ends the attachment. */
  detach(): void;
  /** Lets go of it without ending it. */
  close(): void;
}

/** Where {@link attachTc} attaches. */
export interface AttachTcOptions {
  readonly program: Program;
  /** In the network namespace of the calling thread, and of the socket behind `classifiers`. */
  readonly ifindex: number;
  readonly direction: TcDirection;
  /** Where the link is pinned; a link that is pinned there already is taken over. */
  readonly pinPath: string;
  readonly classifiers: Classifiers;
  /** `tcx` where the kernel has it, if absent. */
  readonly mechanism?: TcMechanism;
}

/** One program of ours for each interface and direction: others may have other keys. */
const PRIORITY = 1;
const HANDLE = 1;

/**
 * Attaches a program, or puts it in the place of the one that an earlier process attached at the
 * same interface, direction and pin, also if that one was attached the other way: where both are,
 * TCX runs first and its verdict is the last word. No packet passes unseen meanwhile. At a netkit
 * device there is one way only.
 *
 * @throws KernelError, or what `classifiers` throws
 */
export function attachTc(options: AttachTcOptions): TcAttachment {
  const mechanism = options.mechanism ?? (hasTcx() ? 'tcx' : 'clsact');
  return mechanism === 'clsact' ? attachClassifier(options) : attachLink(options, mechanism);
}

/** The number of the program that {@link attachTc} has attached there, whichever way, if any. */
export function attachedProgramId(options: Omit<AttachTcOptions, 'program'>): number | undefined {
  const { ifindex, direction, pinPath, classifiers } = options;
  const link = openPinnedLink(pinPath);
  if (link) {
    const { programId } = link.info();
    link.close();
    return programId;
  }
  const filters = classifiers.listFilters(ifindex, direction);
  const own = filters.find(({ priority, handle }) => priority === PRIORITY && handle === HANDLE);
  return own?.programId;
}

/**
 * Ends what an earlier process has attached by either way; absence is no error.
 *
 * @throws KernelError, or what `classifiers` throws
 */
export function detachTc(options: Omit<AttachTcOptions, 'program' | 'mechanism'>): void {
  endPinnedLink(options.pinPath);
  options.classifiers.removeFilter(keyOf(options));
}

/** Numbers of all programs that are attached there in one way, by whomever. @throws KernelError */
export function attachedProgramIds({
  ifindex,
  direction,
  mechanism,
  classifiers,
}: Pick<Required<AttachTcOptions>, 'ifindex' | 'direction' | 'mechanism' | 'classifiers'>): (
  | number
  | undefined
)[] {
  const found =
    mechanism === 'clsact'
      ? classifiers.listFilters(ifindex, direction)
      : LINKED[mechanism].query(ifindex, direction).programs;
  return found.map(({ programId }) => programId);
}

/** A program that is attached by a link. */
export interface LinkedProgram {
  readonly programId: number;
  readonly linkId: number;
}

/**
 * What is attached there by links, by whomever. Beside classifiers that is TCX, which runs first.
 *
 * @throws KernelError
 */
export function linkedPrograms({
  ifindex,
  direction,
  mechanism,
}: Pick<Required<AttachTcOptions>, 'ifindex' | 'direction' | 'mechanism'>): LinkedProgram[] {
  const way = mechanism === 'clsact' ? 'tcx' : mechanism;
  if (way === 'tcx' && !hasTcx()) return [];
  return LINKED[way].query(ifindex, direction).programs.filter(({ linkId }) => linkId !== 0);
}

/** The ways that have links, and how each is attached and asked for. */
const LINKED: Readonly<Record<'tcx' | 'netkit', LinkedWay>> = {
  tcx: { attach: attachTcx, query: queryTcx },
  netkit: {
    attach: ({ direction, ...rest }) => attachNetkit({ ...rest, end: endOf(direction) }),
    query: (ifindex, direction) => queryNetkit(ifindex, endOf(direction)),
  },
};

interface LinkedWay {
  attach(options: Pick<AttachTcOptions, 'program' | 'ifindex' | 'direction'>): Link;
  query(ifindex: number, direction: TcDirection): ProgramOrder;
}

function endOf(direction: TcDirection): NetkitEnd {
  return direction === 'ingress' ? 'peer' : 'primary';
}

function attachLink(options: AttachTcOptions, mechanism: 'tcx' | 'netkit'): TcAttachment {
  const { pinPath, classifiers } = options;
  const way = LINKED[mechanism];
  const link = takeOver(options, way) ?? attachAndPin(options, way);
  if (mechanism === 'tcx') classifiers.removeFilter(keyOf(options));
  return {
    mechanism,
    linkId: link.info().id,
    update: (next) => link.update(next),
    pinAgain: () => link.pin(pinPath),
    detach: () => {
      unpinObject(pinPath);
      link.detach();
      link.close();
    },
    close: () => link.close(),
  };
}

function attachAndPin(options: AttachTcOptions, { attach }: LinkedWay): Link {
  const { program, ifindex, direction, pinPath } = options;
  const link = attach({ program, ifindex, direction });
  try {
    link.pin(pinPath);
    return link;
  } catch (error) {
    link.close();
    throw error;
  }
}

/** The pinned link with the new program, unless it was of an interface that is no more. */
function takeOver(options: AttachTcOptions, { query }: LinkedWay): Link | undefined {
  const { program, ifindex, direction, pinPath } = options;
  const link = openPinnedLink(pinPath);
  if (link === undefined) return undefined;
  try {
    // Asked of the interface, since a link's own index may be that of another namespace.
    const { id } = link.info();
    if (query(ifindex, direction).programs.some(({ linkId }) => linkId === id)) {
      link.update(program);
      return link;
    }
  } catch (error) {
    link.close();
    throw error;
  }
  unpinObject(pinPath);
  link.close();
  return undefined;
}

function attachClassifier(options: AttachTcOptions): TcAttachment {
  const { ifindex, classifiers, pinPath } = options;
  const key = keyOf(options);
  const put = (program: Program): void => {
    classifiers.replaceFilter({ ...key, programFd: program.fd.number, name: program.name });
  };
  classifiers.addClsact(ifindex);
  put(options.program);
  endPinnedLink(pinPath);
  return {
    mechanism: 'clsact',
    update: put,
    pinAgain: () => undefined,
    detach: () => classifiers.removeFilter(key),
    close: () => undefined,
  };
}

/** A process that had TCX has left it; a classifier is in its place already. */
function endPinnedLink(pinPath: string): void {
  const link = openPinnedLink(pinPath);
  if (link === undefined) return;
  unpinObject(pinPath);
  link.detach();
  link.close();
}

function keyOf({
  ifindex,
  direction,
}: Pick<AttachTcOptions, 'ifindex' | 'direction'>): ClassifierKey {
  return { linkIndex: ifindex, direction, priority: PRIORITY, handle: HANDLE };
}
