/**
 * Uplinks in the kernel: their programs, and the tables of masquerade, pinned beside those of
 * endpoints.
 *
 * ```
 * <folder>/masquerade/<layout>/<map name>               its tables
 * <folder>/links/uplink-<index>-ingress and -egress     what is attached
 * ```
 *
 * These tables have layouts of their own, so that an upgrade of the others takes them over as they
 * are, flows and ports with them. See docs/decisions/0026.
 */
import { join } from 'node:path';
import { type BpfMap, loadProgram, type Program, type TcDirection } from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import {
  former,
  layoutName,
  masqueradeFamily,
  masqueradeMaps,
  type NodeConstants,
  uplinkPrograms,
} from '@skep/datapath';
import { FormerTables } from '../upgrade/former-tables.ts';
import { findLayouts, type FoundLayouts, finishedName } from '../upgrade/layout-folders.ts';
import { MasqueradeUpgrade } from '../upgrade/masquerade-upgrade.ts';
import { type Attachments, type Interface, type ProgramIds, programIds } from './attachments.ts';
import { PinnedTables, unpinFolder } from './pinned-tables.ts';

/** First what comes back: nothing is sent before its answer could be turned, or known. */
const DIRECTIONS = ['ingress', 'egress'] as const;

/** What is needed of the datapath around it. */
export interface UplinkParts {
  /** Of all pins of the datapath. */
  readonly folder: string;
  /** Those of uplinks alone. */
  readonly attachments: Attachments;
  readonly node: NodeConstants;
  /** The tables of endpoints, which the programs read. */
  readonly maps: ReadonlyMap<string, BpfMap>;
}

/** What runs at every uplink, while there is something to do. */
export class UplinkDatapath {
  /** Those of masquerade, where it is on. */
  readonly tables: PinnedTables | undefined;
  readonly attachments: Attachments;
  private programs: Readonly<Record<TcDirection, Program>> | undefined;
  private ids: ProgramIds | undefined;
  private guardsHost: boolean | undefined;
  private readonly found: FoundLayouts | undefined;
  /** Until the programs before are asked no more. */
  private upgrade: MasqueradeUpgrade | undefined;

  /**
   * Opens the tables of masquerade, or makes them, and loads its programs, where it is on.
   *
   * @throws LayoutError, MigrationError, MapShapeError when there are tables that this build does
   *   not know; VerifierError, KernelError; nothing is left then
   */
  constructor(
    private readonly parts: UplinkParts,
    isMasquerading: boolean,
  ) {
    this.attachments = parts.attachments;
    if (!isMasquerading) return;
    const folder = tablesFolder(parts.folder);
    this.found = findLayouts(folder, masqueradeFamily);
    const { own } = this.found;
    const formerTables = openFormer(folder, this.found);
    // What an agent has begun that has not come to decide is out of date.
    if (own !== finishedName(own)) unpinFolder(join(folder, own));
    try {
      this.tables = new PinnedTables(join(folder, own), masqueradeMaps);
    } catch (error) {
      formerTables?.close();
      throw error;
    }
    try {
      const programs = parts.maps.get(former.name)!;
      const upgraded = { folder, name: own, tables: this.tables, programs };
      this.upgrade = formerTables && new MasqueradeUpgrade({ ...upgraded, formerTables });
      this.use(false);
    } catch (error) {
      formerTables?.close();
      this.tables.abandon();
      throw error;
    }
  }

  /**
   * Loads programs that decide about the node itself, or do not, and puts them in the place of
   * those that are attached.
   *
   * @throws VerifierError, KernelError; the programs before stay then
   */
  use(guardsHost: boolean): void {
    if (this.guardsHost === guardsHost) return;
    const programs = this.tables || guardsHost ? this.load(guardsHost) : undefined;
    this.guardsHost = guardsHost;
    this.exchange(programs);
  }

  /**
   * Ends what an agent before has left, when all uplinks have programs of this build.
   *
   * @throws VerifierError, KernelError
   */
  finishTakeover(): void {
    const { upgrade } = this;
    if (upgrade) {
      upgrade.carryRest();
      this.upgrade = undefined;
      this.exchange(this.load(this.guardsHost!));
      upgrade.end();
    }
    const folder = tablesFolder(this.parts.folder);
    for (const name of this.found?.ended ?? []) unpinFolder(join(folder, name));
  }

  private exchange(programs: UplinkDatapath['programs']): void {
    const before = this.programs;
    this.programs = programs;
    this.ids = programs && programIds(programs);
    for (const direction of DIRECTIONS) {
      if (programs) this.attachments.exchange(direction, programs[direction]);
      before?.[direction].close();
    }
  }

  private load(guardsHost: boolean): Record<TcDirection, Program> {
    const { node, maps } = this.parts;
    const all = Object.fromEntries([...maps, ...(this.tables?.maps ?? [])]);
    const loaded: Program[] = [];
    const load = (object: ProgramObject): Program => {
      const program = loadProgram(object, { maps: all });
      loaded.push(program);
      return program;
    };
    try {
      const { fromNetwork, toNetwork } = uplinkPrograms(node, {
        masquerades: this.tables ? 1 : 0,
        guardsHost: guardsHost ? 1 : 0,
        recallsFormer: this.upgrade ? 1 : 0,
      });
      return { ingress: load(fromNetwork), egress: load(toNetwork) };
    } catch (error) {
      for (const program of loaded) program.close();
      throw error;
    }
  }

  /** Attaches the two programs, or puts them in the place of those that are there. */
  attach(ifindex: number): void {
    const at = uplinkInterface(ifindex);
    this.upgrade?.begin(() => this.attachments.programId(at, 'ingress'));
    for (const direction of DIRECTIONS) {
      this.attachments.attach(at, direction, this.programs![direction]);
    }
  }

  /** Directions in which the program of an uplink is not attached. */
  missing(ifindex: number): TcDirection[] {
    return this.ids ? this.attachments.missing(uplinkInterface(ifindex), this.ids) : [];
  }

  /** Directions in which a program of an earlier agent is attached, too. */
  strays(ifindex: number): TcDirection[] {
    return this.attachments.strays(uplinkInterface(ifindex));
  }

  /** Takes those off. @throws KernelError */
  detachStrays(ifindex: number): TcDirection[] {
    return this.attachments.detachStrays(uplinkInterface(ifindex));
  }

  /** Ends what this or an earlier agent has attached to an uplink, which stays. */
  detach(ifindex: number): void {
    this.attachments.detach(uplinkInterface(ifindex));
  }

  /** Lets go of an uplink that is gone. */
  forget(ifindex: number): void {
    this.attachments.forget(uplinkInterface(ifindex).name);
  }

  /** Lets go; everything pinned goes on working. */
  close(): void {
    this.letGo();
    this.tables?.close();
  }

  /** Lets go of what nothing was attached to: tables that were not there before are gone. */
  abandon(): void {
    this.letGo();
    this.tables?.abandon();
  }

  private letGo(): void {
    this.attachments.close();
    this.upgrade?.close();
    for (const program of Object.values(this.programs ?? {})) program.close();
  }
}

/** What its attachments are pinned under. */
export function uplinkInterface(ifindex: number): Interface {
  return { name: `uplink-${ifindex}`, ifindex };
}

/** Takes away the tables that an agent with masquerade has left. */
export function forgetUplinkTables(folder: string): void {
  unpinFolder(tablesFolder(folder));
}

/** The tables of the layout before, where there are some. @throws MigrationError, KernelError */
function openFormer(folder: string, { former: layout }: FoundLayouts): FormerTables | undefined {
  if (!layout) return undefined;
  return new FormerTables(join(folder, layoutName(layout)), layout, masqueradeFamily);
}

function tablesFolder(folder: string): string {
  return join(folder, 'masquerade');
}
