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
import { type BpfMap, loadProgram, type Program, type TcDirection } from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import { masqueradeMaps, type NodeConstants, uplinkPrograms } from '@skep/datapath';
import { type Attachments, type ProgramIds, programIds } from './attachments.ts';
import { PinnedTables, unpinFolder } from './pinned-tables.ts';

/** First what comes back: nothing is sent before its answer could be turned. */
const DIRECTIONS = ['ingress', 'egress'] as const;

/** What runs at every uplink, while masquerade is on. */
export class UplinkDatapath {
  readonly tables: PinnedTables;
  private readonly programs: Readonly<Record<TcDirection, Program>>;
  private readonly ids: ProgramIds;

  /**
   * Opens the tables, or makes them, and loads the programs.
   *
   * @param folder of all pins of the datapath
   * @param attachments those of uplinks alone
   * @param maps the tables of endpoints, which the programs read
   * @throws MapShapeError, VerifierError, KernelError; nothing is left then
   */
  constructor(
    folder: string,
    readonly attachments: Attachments,
    node: NodeConstants,
    maps: ReadonlyMap<string, BpfMap>,
  ) {
    this.tables = new PinnedTables(tablesFolder(folder), masqueradeMaps);
    const all = Object.fromEntries([...maps, ...this.tables.maps]);
    const loaded: Program[] = [];
    const load = (object: ProgramObject): Program => {
      const program = loadProgram(object, { maps: all });
      loaded.push(program);
      return program;
    };
    try {
      const { fromNetwork, toNetwork } = uplinkPrograms(node, { masquerades: 1, guardsHost: 0 });
      this.programs = { ingress: load(fromNetwork), egress: load(toNetwork) };
      this.ids = programIds(this.programs);
    } catch (error) {
      for (const program of loaded) program.close();
      this.tables.abandon();
      throw error;
    }
  }

  /** Attaches the two programs, or puts them in the place of those that are there. */
  attach(ifindex: number): void {
    for (const direction of DIRECTIONS) {
      this.attachments.attach(uplinkName(ifindex), ifindex, direction, this.programs[direction]);
    }
  }

  /** Directions in which the program of an uplink is not attached, or its link not pinned. */
  missing(ifindex: number): TcDirection[] {
    return this.attachments.missing(uplinkName(ifindex), ifindex, this.ids);
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
    this.attachments.close();
    for (const program of Object.values(this.programs)) program.close();
  }
}

/** What its attachments are pinned as. */
export function uplinkName(ifindex: number): string {
  return `uplink-${ifindex}`;
}

/** Takes away the tables that an agent with masquerade has left. */
export function forgetUplinkTables(folder: string): void {
  unpinFolder(tablesFolder(folder));
}

function tablesFolder(folder: string): string {
  return join(folder, 'masquerade');
}
