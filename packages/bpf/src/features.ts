/**
 * What this kernel can do, found by trying and never by its version: distributions carry features
 * back. An answer is kept for the life of the process; an attempt that tells nothing is an error.
 */
import { asm, type ProgramObject, r0, r1, r2, r10 } from '@skep/bytecode';
import { MapFlag, type MapKind } from '@skep/ebpf';
import {
  BpfAttachType,
  BpfAttribute,
  BpfCommand,
  BpfProgramType,
  bpfResult,
  Errno,
  errnoName,
  inNewNetworkNamespace,
  KernelError,
} from '@skep/sys';
import { Attribute } from './attribute.ts';
import { lookupBatches } from './batch.ts';
import { InconclusiveProbeError, UnsupportedFeatureError } from './errors.ts';
import { kernelFunctionId } from './kernel-functions.ts';
import { createLink } from './link.ts';
import { createMap } from './open-map.ts';
import { canCreate, canLoad, inconclusive, probeProgram } from './probe.ts';
import { loadProgram } from './program.ts';
import { VerifierError } from './verifier-error.ts';
import { attachXdp } from './xdp.ts';

/** The first kernel that has it, and its setting where it may lack it; for messages only. */
export const featureSince = {
  'array memory mapping': '5.5',
  'batch operations': '5.6',
  'bounded loops': '5.3',
  'compare and exchange': '5.12',
  'loop helper': '5.17',
  may_goto: '6.9',
  netkit: '6.7 with CONFIG_NETKIT',
  'number iterators': '6.4',
  'redirect to peer': '5.10',
  'ring buffer': '5.8',
  'sign extension': '6.6',
  'socket map link': '6.10',
  tcx: '6.6',
  'xdp link': '5.9',
} as const;

/** A feature by the name that messages use. */
export type Feature = keyof typeof featureSince;

const answers = new Map<string, boolean>();

function remember(question: string, probe: () => boolean): boolean {
  const known = answers.get(question) ?? probe();
  answers.set(question, known);
  return known;
}

/** Whether this kernel has the feature. @throws InconclusiveProbeError */
export function hasFeature(feature: Feature): boolean {
  return remember(feature, probes[feature]);
}

/** @throws UnsupportedFeatureError where the kernel lacks it; InconclusiveProbeError */
export function requireFeature(feature: Feature): void {
  if (!hasFeature(feature)) throw new UnsupportedFeatureError(feature, featureSince[feature]);
}

/**
 * Why a feature cannot be used here, in words for the user; `undefined` where this kernel has it.
 *
 * @throws InconclusiveProbeError
 */
export function explainMissing(feature: Feature): string | undefined {
  if (hasFeature(feature)) return undefined;
  return new UnsupportedFeatureError(feature, featureSince[feature]).message;
}

/** Whether traffic control takes TCX links. @since Linux 6.6 */
export function hasTcx(): boolean {
  return hasFeature('tcx');
}

/** Whether programs of this type can be loaded. @throws InconclusiveProbeError */
export function hasProgramType(programType: number, attachType = 0): boolean {
  return remember(`program type ${programType} ${attachType}`, () => {
    const name = `program type ${programType}`;
    return canLoad(name, probeProgram(programType, [asm.mov64(r0, 1), asm.exit()]), attachType);
  });
}

/** Whether maps of this kind can be made. @throws InconclusiveProbeError */
export function hasMapKind(kind: MapKind): boolean {
  return remember(`map kind ${kind}`, () => {
    const shape = { name: 'probe', kind, ...ordinary, ...smallest[kind] };
    const isOuter = kind === 'arrayOfMaps' || kind === 'hashOfMaps';
    const inner = { ...shape, kind: 'array' } as const;
    return canCreate(`map kind ${kind}`, isOuter ? { ...shape, inner } : shape);
  });
}

/** A power of two and a multiple of every page size in use. */
const RING_BYTES = 1 << 16;

const ordinary = { keySize: 4, valueSize: 4, maxEntries: 1, flags: 0 };
/** What the smallest map of a kind has else than the others. */
const smallest: Partial<Record<MapKind, Partial<typeof ordinary>>> = {
  ringBuffer: { keySize: 0, valueSize: 0, maxEntries: RING_BYTES },
  lpmTrie: { keySize: 8, flags: MapFlag.NoPreallocation },
  queue: { keySize: 0 },
  stack: { keySize: 0 },
  bloomFilter: { keySize: 0 },
  socketStorage: { maxEntries: 0, flags: MapFlag.NoPreallocation },
  cgroupStorage: { keySize: 8, maxEntries: 0 },
};

/**
 * Whether programs of a type may call a helper: a program that calls it without arguments is
 * refused either way, but for different reasons.
 *
 * @param helper its number, as in `@skep/ebpf`
 * @param place for types that are told where they will be attached
 * @throws InconclusiveProbeError
 */
export function hasHelper(
  programType: number,
  helper: number,
  place: Pick<ProgramObject, 'attachType' | 'attachTarget'> = {},
): boolean {
  const { attachType, attachTarget } = place;
  return remember(`helper ${helper} in ${programType} ${attachType} ${attachTarget}`, () => {
    const name = `helper ${helper}`;
    try {
      const object = probeProgram(programType, [asm.callHelper(helper), asm.exit()]);
      loadProgram({ ...object, ...place }).close();
      return true;
    } catch (error) {
      if (!(error instanceof VerifierError)) throw inconclusive(name, error);
      return !/(unknown|invalid) func|cannot use helper|unsupported helper/.test(error.log);
    }
  });
}

function canLoadXdp(feature: Feature, ...code: Parameters<typeof probeProgram>[1]): boolean {
  return canLoad(feature, probeProgram(BpfProgramType.XDP, [...code, asm.exit()]));
}

const probes: Readonly<Record<Feature, () => boolean>> = {
  'array memory mapping': () => {
    const sizes = { keySize: 4, valueSize: 8, maxEntries: 1, flags: MapFlag.MemoryMappable };
    return canCreate('array memory mapping', { name: 'probe', kind: 'array', ...sizes });
  },
  'batch operations': probeBatches,
  'bounded loops': () =>
    canLoadXdp(
      'bounded loops',
      asm.mov64(r0, 0),
      asm.add64(r0, 1),
      asm.branch('lt', 64, r0, 4, -2),
    ),
  'compare and exchange': () =>
    canLoadXdp(
      'compare and exchange',
      asm.store(8, r10, -8, 0),
      asm.mov64(r0, 0),
      asm.mov64(r1, 1),
      asm.atomic('compareExchange', 8, r10, -8, r1),
    ),
  // Past an instruction: one that goes nowhere is refused before Linux 6.14.
  may_goto: () => canLoadXdp('may_goto', asm.mov64(r0, 0), asm.mayGoto(1), asm.mov64(r0, 0)),
  netkit: probeNetkit,
  'loop helper': () => hasHelper(BpfProgramType.XDP, LOOP),
  'number iterators': () => kernelFunctionId('bpf_iter_num_next') !== undefined,
  'redirect to peer': () => hasHelper(BpfProgramType.SCHED_CLS, REDIRECT_PEER),
  'ring buffer': () => hasMapKind('ringBuffer'),
  'sign extension': () =>
    canLoadXdp('sign extension', asm.mov64(r2, 1), asm.signExtend(64, 8, r0, r2)),
  'socket map link': probeSocketMapLink,
  tcx: probeTcx,
  'xdp link': probeXdpLink,
};

/** The number of `bpf_loop`. @source include/uapi/linux/bpf.h */
const LOOP = 181;
/** The number of `bpf_redirect_peer`. @source include/uapi/linux/bpf.h */
const REDIRECT_PEER = 155;
/** In every network namespace. */
const LOOPBACK_IFINDEX = 1;

function probeBatches(): boolean {
  const sizes = { keySize: 4, valueSize: 4, maxEntries: 1, flags: 0 };
  const map = createMap({ name: 'probe', kind: 'hash', ...sizes });
  try {
    return [...lookupBatches(map)].length > 0;
  } catch (error) {
    if (error instanceof KernelError && error.errno === Errno.EINVAL) return false;
    throw inconclusive('batch operations', error);
  } finally {
    map.close();
  }
}

/** Reads what is attached to loopback: a kernel without TCX does not know the question. */
function probeTcx(): boolean {
  const { query } = BpfAttribute;
  const attribute = new Attribute(query.size)
    .setU32(query.target, LOOPBACK_IFINDEX)
    .setU32(query.attach_type, BpfAttachType.TCX_INGRESS);
  const errno = -bpfResult(BpfCommand.PROG_QUERY, attribute.bytes);
  // ENOENT: nothing was ever attached there. ENOSPC: more is attached than there was room for.
  if (errno === 0 || errno === Errno.ENOENT || errno === Errno.ENOSPC) return true;
  if (errno === Errno.EINVAL || errno === Errno.EOPNOTSUPP) return false;
  throw new InconclusiveProbeError('tcx', errnoName(errno));
}

/** Asks loopback, which is no netkit device: a kernel that has them says just that. */
function probeNetkit(): boolean {
  const { query } = BpfAttribute;
  const attribute = new Attribute(query.size)
    .setU32(query.target, LOOPBACK_IFINDEX)
    .setU32(query.attach_type, BpfAttachType.NETKIT_PRIMARY);
  const errno = -bpfResult(BpfCommand.PROG_QUERY, attribute.bytes);
  if (errno === Errno.ENXIO) return true;
  if (errno === Errno.EINVAL || errno === Errno.EOPNOTSUPP) return false;
  throw new InconclusiveProbeError('netkit', errnoName(errno));
}

/** Attaches to a map of its own. */
function probeSocketMapLink(): boolean {
  const object = probeProgram(BpfProgramType.SK_MSG, [asm.mov64(r0, 1), asm.exit()]);
  const sizes = { keySize: 4, valueSize: 4, maxEntries: 1, flags: 0 };
  const map = createMap({ name: 'probe', kind: 'socketMap', ...sizes });
  const program = loadProgram(object, { attachType: BpfAttachType.SK_MSG_VERDICT });
  try {
    const request = { program, target: map.fd.number, attachType: BpfAttachType.SK_MSG_VERDICT };
    createLink(request, { operation: 'probe socket map link' }).close();
    return true;
  } catch (error) {
    if (error instanceof KernelError && error.errno === Errno.EINVAL) return false;
    throw inconclusive('socket map link', error);
  } finally {
    program.close();
    map.close();
  }
}

/** Attaches to the loopback of a namespace of its own. */
function probeXdpLink(): boolean {
  const object = probeProgram(BpfProgramType.XDP, [asm.mov64(r0, 2), asm.exit()]);
  const program = loadProgram(object);
  try {
    return inNewNetworkNamespace(() => {
      attachXdp({ program, ifindex: LOOPBACK_IFINDEX, mode: 'generic' }).link.close();
      return true;
    });
  } catch (error) {
    if (error instanceof KernelError && error.errno === Errno.EINVAL) return false;
    throw inconclusive('xdp link', error);
  } finally {
    program.close();
  }
}
