/**
 * Programs that are attached to interfaces, each pair under a name: their links are pinned as
 * `<folder>/<name>-ingress` and `-egress`, so that they outlive the process.
 *
 * On kernels without TCX there are no links: `cls_bpf` filters on the interface hold the programs,
 * are found again by their priority and handle, and go with the interface.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  attachedProgramId,
  attachTc,
  detachTc,
  type Program,
  queryTcx,
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

const DIRECTIONS = ['ingress', 'egress'] as const;

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
  attach(name: string, ifindex: number, direction: TcDirection, program: Program): void {
    const { mechanism } = this.place;
    const where = this.where(name, ifindex, direction);
    const own = this.held.get(name) ?? new Map<TcDirection, TcAttachment>();
    this.held.set(name, own.set(direction, attachTc({ program, mechanism, ...where })));
  }

  /** Puts a program in the place of those that this process has attached in a direction. */
  exchange(direction: TcDirection, program: Program): void {
    for (const own of this.held.values()) own.get(direction)?.update(program);
  }

  /** The number of the program that is attached, by this process or another. */
  programId(name: string, ifindex: number, direction: TcDirection): number | undefined {
    return attachedProgramId(this.where(name, ifindex, direction));
  }

  /** Directions in which the program is not attached, or its link not pinned. */
  missing(name: string, ifindex: number, ids: ProgramIds): TcDirection[] {
    return DIRECTIONS.filter((direction) => {
      const { pinPath } = this.where(name, ifindex, direction);
      if (this.place.mechanism === 'tcx' && !existsSync(pinPath)) return true;
      return !this.attachedIds(ifindex, direction).includes(ids[direction]);
    });
  }

  /** Lets the attachments of an interface end that is gone, or about to go. */
  forget(name: string): void {
    this.letGo(name);
    for (const direction of DIRECTIONS) unpinObject(this.where(name, 0, direction).pinPath);
  }

  /** Ends what this or an earlier process has attached to an interface, which stays. */
  detach(name: string, ifindex: number): void {
    this.letGo(name);
    for (const direction of DIRECTIONS) detachTc(this.where(name, ifindex, direction));
  }

  /** After somebody has removed the pins. @throws KernelError */
  pinAgain(): void {
    for (const own of this.held.values()) {
      for (const attachment of own.values()) attachment.pinAgain();
    }
  }

  close(): void {
    for (const name of [...this.held.keys()]) this.letGo(name);
  }

  private letGo(name: string): void {
    for (const attachment of this.held.get(name)?.values() ?? []) attachment.close();
    this.held.delete(name);
  }

  /** An interface that has gone since somebody saw it has none. */
  private attachedIds(ifindex: number, direction: TcDirection): (number | undefined)[] {
    const { mechanism, classifiers } = this.place;
    try {
      const found =
        mechanism === 'clsact'
          ? classifiers.listFilters(ifindex, direction)
          : queryTcx(ifindex, direction).programs;
      return found.map(({ programId }) => programId);
    } catch (error) {
      if ((error as { errno?: number }).errno === Errno.ENODEV) return [];
      throw error;
    }
  }

  private where(name: string, ifindex: number, direction: TcDirection) {
    const { folder, classifiers } = this.place;
    return { ifindex, direction, pinPath: join(folder, `${name}-${direction}`), classifiers };
  }
}
