/**
 * Masquerade in the kernel: the programs of uplinks and their tables, pinned beside those of
 * endpoints.
 *
 * ```
 * <folder>/masquerade/<map name>                        its tables
 * <folder>/links/uplink-<index>-ingress and -egress     what is attached
 * ```
 *
 * These tables belong to no layout: an upgrade takes them over as they are, flows and ports with
 * them. Of another shape they are refused.
 */
import { join } from 'node:path';
import {
  attachTc,
  type BpfMap,
  type Classifiers,
  detachTc,
  loadProgram,
  type Program,
  type TcAttachment,
  type TcDirection,
  type TcMechanism,
} from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import { masqueradeMaps, type NodeConstants, uplinkPrograms } from '@skep/datapath';
import { PinnedTables, unpinFolder } from './pinned-tables.ts';

/** First what comes back: nothing is sent before its answer could be turned. */
const DIRECTIONS = ['ingress', 'egress'] as const;

/** Where attachments are kept, and how they are made. */
export interface UplinkPlace {
  /** Of all pins of the datapath. */
  readonly folder: string;
  readonly classifiers: Classifiers;
  readonly mechanism: TcMechanism;
}

/** What runs at every uplink, while masquerade is on. */
export class UplinkDatapath {
  readonly tables: PinnedTables;
  private readonly programs: Readonly<Record<TcDirection, Program>>;
  /** Held while the process runs, so that they do not end with their pins. */
  private readonly attachments = new Map<number, TcAttachment[]>();

  /**
   * Opens the tables, or makes them, and loads the programs.
   *
   * @param maps the tables of endpoints, which the programs read
   * @throws MapShapeError, VerifierError, KernelError; nothing is left then
   */
  constructor(
    private readonly place: UplinkPlace,
    node: NodeConstants,
    maps: ReadonlyMap<string, BpfMap>,
  ) {
    this.tables = new PinnedTables(tablesFolder(place.folder), masqueradeMaps);
    const all = Object.fromEntries([...maps, ...this.tables.maps]);
    const loaded: Program[] = [];
    const load = (object: ProgramObject): Program => {
      const program = loadProgram(object, { maps: all });
      loaded.push(program);
      return program;
    };
    try {
      const { fromNetwork, toNetwork } = uplinkPrograms(node);
      this.programs = { ingress: load(fromNetwork), egress: load(toNetwork) };
    } catch (error) {
      for (const program of loaded) program.close();
      this.tables.abandon();
      throw error;
    }
  }

  /** Attaches the two programs, or puts them in the place of those that are there. */
  attach(ifindex: number): void {
    const { mechanism } = this.place;
    const attachments = DIRECTIONS.map((direction) => {
      const program = this.programs[direction];
      return attachTc({ program, mechanism, ...whereOf(this.place, ifindex, direction) });
    });
    this.attachments.set(ifindex, attachments);
  }

  /** Ends what this or an earlier agent has attached. */
  detach(ifindex: number): void {
    for (const attachment of this.attachments.get(ifindex) ?? []) attachment.close();
    this.attachments.delete(ifindex);
    detachUplink(this.place, ifindex);
  }

  /** After somebody has removed the pins. @throws KernelError */
  pinAgain(): void {
    for (const attachment of [...this.attachments.values()].flat()) attachment.pinAgain();
    this.tables.pinAgain();
  }

  /** Lets go; everything pinned goes on working. */
  close(): void {
    this.letGo();
    this.tables.close();
  }

  /** Lets go of what nothing was attached to: tables that were not there before are gone. */
  abandon(): void {
    this.letGo();
    this.tables.abandon();
  }

  private letGo(): void {
    for (const attachment of [...this.attachments.values()].flat()) attachment.close();
    this.attachments.clear();
    for (const program of Object.values(this.programs)) program.close();
  }
}

/** Ends what any agent has attached to an uplink; absence is no error. */
export function detachUplink(place: Omit<UplinkPlace, 'mechanism'>, ifindex: number): void {
  for (const direction of DIRECTIONS) detachTc(whereOf(place, ifindex, direction));
}

/** Takes away the tables that an agent with masquerade has left. */
export function forgetUplinkTables(folder: string): void {
  unpinFolder(tablesFolder(folder));
}

function tablesFolder(folder: string): string {
  return join(folder, 'masquerade');
}

function whereOf(
  { folder, classifiers }: Omit<UplinkPlace, 'mechanism'>,
  ifindex: number,
  direction: TcDirection,
) {
  const pinPath = join(folder, 'links', `uplink-${ifindex}-${direction}`);
  return { ifindex, direction, pinPath, classifiers };
}
