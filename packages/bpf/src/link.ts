/**
 * Links: a program attached to something, as a descriptor. The attachment ends with the last
 * descriptor or pin of the link, so what nobody owns does not stay behind.
 */
import {
  BpfAttachFlag,
  BpfAttachType,
  BpfAttribute,
  BpfCommand,
  BpfInfo,
  BpfLinkType,
  Errno,
  Fd,
  KernelError,
} from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpf, type Intent } from './call.ts';
import { readInfo } from './info.ts';
import { openPinnedObject, pinObject } from './pin.ts';
import type { Program } from './program.ts';

/** What a link attaches to. */
export type LinkTarget =
  | { readonly kind: 'xdp'; readonly ifindex: number }
  | { readonly kind: 'tcx'; readonly ifindex: number; readonly direction: TcDirection }
  | { readonly kind: 'cgroup'; readonly cgroupId: bigint; readonly attachType: number }
  | { readonly kind: 'namespace'; readonly attachType: number }
  | { readonly kind: 'socketMap'; readonly mapId: number; readonly attachType: number }
  | { readonly kind: 'other'; readonly linkType: number };

/**
 * The interface's own ingress and egress: for the host end of a veth, egress goes to the endpoint.
 */
export type TcDirection = 'ingress' | 'egress';

/** A link as the kernel has it. */
export interface LinkInfo {
  readonly id: number;
  readonly programId: number;
  /**
   * An interface index is that of the interface's own namespace, which the kernel does not tell; 0
   * where the interface is gone.
   */
  readonly target: LinkTarget;
}

/** An attachment that this process holds. */
export class Link {
  constructor(readonly fd: Fd<'link'>) {}

  /** @throws KernelError */
  info(): LinkInfo {
    return readLinkInfo(this.fd);
  }

  /**
   * Puts another program in the place of the one that is attached, between two packets.
   *
   * @param expected refuses with EPERM where another program than this one is attached
   * @throws KernelError
   */
  update(program: Program, expected?: Program): void {
    const { linkUpdate } = BpfAttribute;
    const attribute = new Attribute(linkUpdate.size)
      .setU32(linkUpdate.link_fd, this.fd.number)
      .setU32(linkUpdate.new_prog_fd, program.fd.number);
    if (expected) {
      attribute
        .setU32(linkUpdate.flags, BpfAttachFlag.REPLACE)
        .setU32(linkUpdate.old_prog_fd, expected.fd.number);
    }
    const intent = { operation: 'update link', subject: `to program ${program.name}` };
    bpf(BpfCommand.LINK_UPDATE, attribute, intent);
  }

  /** Keeps the attachment after this process. @throws KernelError EEXIST when the path is taken */
  pin(path: string): void {
    pinObject(this.fd, path);
  }

  /**
   * Ends the attachment now, whatever descriptors and pins the link still has.
   *
   * @throws KernelError
   */
  detach(): void {
    const { linkDetach } = BpfAttribute;
    const attribute = new Attribute(linkDetach.size).setU32(linkDetach.link_fd, this.fd.number);
    bpf(BpfCommand.LINK_DETACH, attribute, { operation: 'detach link' });
  }

  /** Closes the descriptor: the attachment ends unless the link is pinned. */
  close(): void {
    this.fd.close();
  }
}

/** What {@link createLink} asks for. */
export interface LinkRequest {
  readonly program: Program;
  /** An interface index, or the number of a directory's descriptor. */
  readonly target: number;
  /** @alias BPF_* */
  readonly attachType: number;
  readonly flags?: number;
  /** For TCX: the link or program to be placed beside, and the order's revision. */
  readonly relative?: number;
  readonly expectedRevision?: bigint;
}

/**
 * Attaches a program. `xdp.ts`, `tcx.ts` and `cgroup.ts` say it in their own words.
 *
 * @throws KernelError
 */
export function createLink(request: LinkRequest, intent: Intent): Link {
  const { linkCreate } = BpfAttribute;
  const attribute = new Attribute(linkCreate.size)
    .setU32(linkCreate.prog_fd, request.program.fd.number)
    .setU32(linkCreate.target, request.target)
    .setU32(linkCreate.attach_type, request.attachType)
    .setU32(linkCreate.flags, request.flags ?? 0)
    .setU32(linkCreate.tcx_relative, request.relative ?? 0)
    .setU64(linkCreate.tcx_expected_revision, request.expectedRevision ?? 0n);
  return new Link(new Fd('link', bpf(BpfCommand.LINK_CREATE, attribute, intent)));
}

/**
 * Opens a pinned link: what a restart does to take over an attachment without a gap.
 *
 * @returns `undefined` where the path does not exist
 * @throws KernelError, also where the pin is no link
 */
export function openPinnedLink(path: string): Link | undefined {
  const fd = openPinnedObject('link', path);
  if (fd === undefined) return undefined;
  try {
    readLinkInfo(fd);
    return new Link(fd);
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** Opens a link by the number in its info. @throws KernelError ENOENT where it is gone */
export function openLinkById(id: number): Link {
  const attribute = new Attribute(BpfAttribute.id.size).setU32(BpfAttribute.id.id, id);
  const intent = { operation: 'open link', subject: `id ${id}` };
  return new Link(new Fd('link', bpf(BpfCommand.LINK_GET_FD_BY_ID, attribute, intent)));
}

/** All links of the machine, those of other programs too. @throws KernelError */
export function listLinks(): LinkInfo[] {
  const links: LinkInfo[] = [];
  for (const id of listIds(BpfCommand.LINK_GET_NEXT_ID, 'list links')) {
    try {
      const link = openLinkById(id);
      try {
        links.push(link.info());
      } finally {
        link.close();
      }
    } catch (error) {
      // Gone since its number was given.
      if (!(error instanceof KernelError) || error.errno !== Errno.ENOENT) throw error;
    }
  }
  return links;
}

/** Numbers of all objects of one sort, ascending. @throws KernelError */
export function* listIds(command: number, operation: string): Generator<number> {
  const { id } = BpfAttribute;
  const attribute = new Attribute(id.size);
  for (let last = 0; ; last = attribute.getU32(id.next_id)) {
    attribute.setU32(id.id, last).setU32(id.next_id, 0);
    try {
      bpf(command, attribute, { operation });
    } catch (error) {
      if (error instanceof KernelError && error.errno === Errno.ENOENT) return;
      throw error;
    }
    yield attribute.getU32(id.next_id);
  }
}

/** @throws KernelError */
export function readLinkInfo(fd: Fd<'link'>): LinkInfo {
  const { link } = BpfInfo;
  const view = readInfo(fd, link.size);
  return {
    id: view.getUint32(link.id, true),
    programId: view.getUint32(link.prog_id, true),
    target: readTarget(view),
  };
}

function readTarget(view: DataView): LinkTarget {
  const { link } = BpfInfo;
  const linkType = view.getUint32(link.type, true);
  switch (linkType) {
    case BpfLinkType.XDP:
      return { kind: 'xdp', ifindex: view.getUint32(link.xdp_ifindex, true) };
    case BpfLinkType.TCX: {
      const attachType = view.getUint32(link.tcx_attach_type, true);
      const direction = attachType === BpfAttachType.TCX_INGRESS ? 'ingress' : 'egress';
      return { kind: 'tcx', ifindex: view.getUint32(link.tcx_ifindex, true), direction };
    }
    case BpfLinkType.CGROUP: {
      const cgroupId = view.getBigUint64(link.cgroup_id, true);
      return {
        kind: 'cgroup',
        cgroupId,
        attachType: view.getUint32(link.cgroup_attach_type, true),
      };
    }
    case BpfLinkType.NETNS:
      return { kind: 'namespace', attachType: view.getUint32(link.netns_attach_type, true) };
    case BpfLinkType.SOCKMAP: {
      const mapId = view.getUint32(link.sockmap_map_id, true);
      const attachType = view.getUint32(link.sockmap_attach_type, true);
      return { kind: 'socketMap', mapId, attachType };
    }
    default:
      return { kind: 'other', linkType };
  }
}
