/**
 * Programs that are attached to interfaces, each pair under a name: their links are pinned as
 * `<folder>/<name>-ingress` and `-egress`, so that they outlive the process.
 *
 * On kernels without TCX there are no links: `cls_bpf` filters on the interface hold the programs,
 * are found again by their priority and handle, and go with the interface. The primary device of a
 * netkit pair has links of its own, and drops everything where it has none.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  attachedProgramId,
  attachedProgramIds,
  attachTc,
  detachTc,
  type LinkedProgram,
  linkedPrograms,
  openLinkById,
  openProgramById,
  type Program,
  type TcAttachment,
  type TcDirection,
  type TcMechanism,
  unpinObject,
} from '@skep/bpf';
import type { TrafficControl } from '@skep/netlink';
import { Errno } from '@skep/sys';

/** Where attachments are kept, and how they are made. */
export interface AttachmentPlace {
  readonly folder: string;
  readonly classifiers: TrafficControl;
  readonly mechanism: TcMechanism;
}

/** What programs are attached to. */
export interface Interface {
  /** What its links are pinned under. */
  readonly name: string;
  readonly ifindex: number;
  /** Default: the place's. */
  readonly mechanism?: TcMechanism;
}

const DIRECTIONS = ['ingress', 'egress'] as const;

/** What the names of the datapath's programs begin with, whichever build has loaded them. */
const OWN_NAMES = 'skep_';

/** The numbers that the kernel has given to the programs of a pair. */
export type ProgramIds = Readonly<Record<TcDirection, number>>;

/** Asked once: a look at all interfaces compares them with each. @throws KernelError */
export function programIds(programs: Readonly<Record<TcDirection, Program>>): ProgramIds {
  return { ingress: programs.ingress.info().id, egress: programs.egress.info().id };
}

/** What this process holds; what is pinned, or a filter, stays when it lets go. */
export class Attachments {
  private readonly held = new Map<string, Map<TcDirection, TcAttachment>>();

  constructor(private readonly place: AttachmentPlace) {}

  /** How many interfaces have something of this process. */
  get size(): number {
    return this.held.size;
  }

  /** Attaches a program, or puts it in the place of the one that is there, between two packets. */
  attach(at: Interface, direction: TcDirection, program: Program): void {
    const own = this.held.get(at.name) ?? new Map<TcDirection, TcAttachment>();
    const attachment = attachTc({ program, ...this.where(at, direction) });
    own.get(direction)?.close();
    this.held.set(at.name, own.set(direction, attachment));
  }

  /** Puts a program in the place of those that this process has attached in a direction. */
  exchange(direction: TcDirection, program: Program): void {
    for (const own of this.held.values()) own.get(direction)?.update(program);
  }

  /** The number of the program that is attached, by this process or another. */
  programId(at: Interface, direction: TcDirection): number | undefined {
    return attachedProgramId(this.where(at, direction));
  }

  /** Directions in which the program is not attached. */
  missing(at: Interface, ids: ProgramIds): TcDirection[] {
    return DIRECTIONS.filter((direction) => {
      const attached = ifThere(() => attachedProgramIds(this.where(at, direction)));
      return !attached?.includes(ids[direction]);
    });
  }

  /**
   * Directions in which programs of an earlier agent run beside this one's. Its links outlive their
   * pins where another mount namespace has the file system still, and decide by tables that nobody
   * writes.
   */
  strays(at: Interface): TcDirection[] {
    return DIRECTIONS.filter((direction) => this.strayLinks(at, direction).length > 0);
  }

  /** Takes those off, and nobody else's. @throws KernelError */
  detachStrays(at: Interface): TcDirection[] {
    return DIRECTIONS.filter((direction) => {
      const found = this.strayLinks(at, direction);
      for (const { linkId } of found) detachLink(linkId);
      return found.length > 0;
    });
  }

  /** Lets the attachments of an interface end that is gone, or about to go. */
  forget(name: string): void {
    this.letGo(name);
    for (const direction of DIRECTIONS) unpinObject(this.pinPath(name, direction));
  }

  /** Ends what this or an earlier process has attached to an interface, which stays. */
  detach(at: Interface): void {
    this.letGo(at.name);
    for (const direction of DIRECTIONS) detachTc(this.where(at, direction));
    this.detachStrays(at);
  }

  /** Names of pins that somebody has removed, of links that this process holds. */
  get missingPins(): string[] {
    return this.unpinned().map(([name]) => name);
  }

  /** Pins those links again. @throws KernelError */
  pinAgain(): void {
    for (const [, attachment] of this.unpinned()) attachment.pinAgain();
  }

  close(): void {
    for (const name of [...this.held.keys()]) this.letGo(name);
  }

  private unpinned(): (readonly [pin: string, attachment: TcAttachment])[] {
    const { folder } = this.place;
    const pins = new Set(existsSync(folder) ? readdirSync(folder) : []);
    const all = [...this.held].flatMap(([name, own]) =>
      Array.from(own, ([direction, each]) => [pinName(name, direction), each] as const),
    );
    return all.filter(([pin, { mechanism }]) => mechanism !== 'clsact' && !pins.has(pin));
  }

  private strayLinks(at: Interface, direction: TcDirection): LinkedProgram[] {
    const own = this.held.get(at.name)?.get(direction)?.linkId;
    const others = ifThere(() => linkedPrograms(this.where(at, direction))) ?? [];
    return others.filter(({ linkId, programId }) => linkId !== own && isOurs(programId));
  }

  private letGo(name: string): void {
    for (const attachment of this.held.get(name)?.values() ?? []) attachment.close();
    this.held.delete(name);
  }

  private where({ name, ifindex, mechanism }: Interface, direction: TcDirection) {
    const { classifiers } = this.place;
    return {
      ...{ ifindex, direction, classifiers },
      mechanism: mechanism ?? this.place.mechanism,
      pinPath: this.pinPath(name, direction),
    };
  }

  private pinPath(name: string, direction: TcDirection): string {
    return join(this.place.folder, pinName(name, direction));
  }
}

function pinName(name: string, direction: TcDirection): string {
  return `${name}-${direction}`;
}

/** Whether a build of this has loaded a program. @throws KernelError */
function isOurs(programId: number): boolean {
  const name = ifThere(() => {
    const program = openProgramById(programId);
    program.close();
    return program.name;
  });
  return name?.startsWith(OWN_NAMES) ?? false;
}

function detachLink(id: number): void {
  ifThere(() => {
    const link = openLinkById(id);
    try {
      link.detach();
    } finally {
      link.close();
    }
  });
}

/** One that has gone since somebody saw it is no error, nor one that is of another kind now. */
function ifThere<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    const { errno } = error as { errno?: number };
    if (errno === Errno.ENODEV || errno === Errno.ENXIO || errno === Errno.ENOENT) return undefined;
    throw error;
  }
}
