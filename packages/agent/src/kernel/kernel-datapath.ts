/**
 * The datapath in the kernel: maps and links pinned under one folder of a BPF file system, so that
 * traffic outlives the agent.
 *
 * ```
 * <folder>/maps/<layout>/<map name>   every table, see upgrade/layout-folders.ts
 * <folder>/links/<name>               what is attached: endpoint-datapath.ts, uplink-datapath.ts
 * ```
 *
 * Masquerade's tables are beside them, see uplink-datapath.ts.
 */
import { join } from 'node:path';
import {
  type BpfMap,
  clearProgram,
  type EntryVisit,
  loadProgram,
  type Program,
  RingBufferReader,
  setProgram,
  type TcDirection,
  type TcMechanism,
} from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import {
  datapathMaps,
  events,
  former,
  FormerSlot,
  layoutName,
  lostEvents,
  type NodeConstants,
  policies,
} from '@skep/datapath';
import type { MapDeclaration } from '@skep/ebpf';
import type { TrafficControl } from '@skep/netlink';
import { waitForGracePeriod } from '@skep/sys';
import type { RawTables } from '../tables/raw-tables.ts';
import { type Tell, timed } from '../telemetry/occurrence.ts';
import { FormerTables } from '../upgrade/former-tables.ts';
import { findLayouts, type FoundLayouts } from '../upgrade/layout-folders.ts';
import { decide, isDeciding, Upgrade } from '../upgrade/upgrade.ts';
import { type AttachmentPlace, Attachments } from './attachments.ts';
import { mountBpffs } from './bpffs.ts';
import { type Attachable, EndpointDatapath } from './endpoint-datapath.ts';
import { measureJiffiesPerSecond } from './jiffies.ts';
import type { KernelFeatures } from './kernel-features.ts';
import { PinnedTables, unpinAll, unpinFolder } from './pinned-tables.ts';
import { forgetUplinkTables, UplinkDatapath } from './uplink-datapath.ts';

/** What of the kernel is used, and who is told what is done. */
export interface KernelOptions {
  readonly features: KernelFeatures;
  readonly tell: Tell;
  /** Whether there are tables of masquerade, and programs for it at uplinks. */
  readonly isMasquerading: boolean;
  /** Whether endpoints may be behind netkit devices. */
  readonly hasNetkit: boolean;
}

/** Tables and programs in the kernel, pinned below one folder, so that they outlive the process. */
export class KernelDatapath implements RawTables {
  readonly mechanism: TcMechanism;
  private readonly mapsFolder: string;
  private readonly found: FoundLayouts;
  private formerTables: FormerTables | undefined;
  private readonly tables: PinnedTables;
  private readonly endpoints: EndpointDatapath;
  private readonly uplinks: UplinkDatapath;
  private readonly tell: Tell;
  private readonly node: NodeConstants;
  /** The number of the layout whose tables this agent has taken over, if they were of another. */
  upgradedFrom: number | undefined;
  /** Until the programs of the layout before are gone. */
  private upgrade: Upgrade | undefined;
  private readonly place: AttachmentPlace;
  private reader: RingBufferReader | undefined;

  /**
   * Opens the tables, or makes them, and loads the programs that all endpoints share.
   *
   * @throws LayoutError, MigrationError, MapShapeError when there are tables that this build does
   *   not know: they and their programs go on as they are; VerifierError; KernelError
   */
  constructor(
    private readonly folder: string,
    classifiers: TrafficControl,
    { features, tell, isMasquerading, hasNetkit }: KernelOptions,
  ) {
    this.tell = tell;
    this.mechanism = features.mechanism;
    this.mapsFolder = join(folder, 'maps');
    const { mechanism } = this;
    this.place = { folder: join(folder, 'links'), classifiers, mechanism };
    this.found = findLayouts(this.mapsFolder);
    const { own, former: layout } = this.found;
    this.formerTables =
      layout && new FormerTables(join(this.mapsFolder, layoutName(layout)), layout);
    this.node = {
      jiffiesPerSecond: measureJiffiesPerSecond(),
      hasRedirectPeer: features.hasRedirectPeer ? 1 : 0,
      hasNetkit: hasNetkit ? 1 : 0,
      reportsForwarded: 1,
    };
    try {
      this.tables = new PinnedTables(join(this.mapsFolder, own), datapathMaps);
    } catch (error) {
      this.formerTables?.close();
      throw error;
    }
    const { node, place, tables } = this;
    const load = (object: ProgramObject): Program => this.load(object);
    this.endpoints = new EndpointDatapath({ place, node, tables, load });
    try {
      this.endpoints.load('alone');
      this.uplinks = this.openUplinks(isMasquerading);
      this.begin();
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** Whether there are tables of masquerade. */
  get isMasquerading(): boolean {
    return this.uplinks.tables !== undefined;
  }

  /** Loads programs of uplinks that decide about the node itself, or others that do not. */
  guardHost(isOn: boolean): void {
    this.uplinks.use(isOn);
  }

  /** Whether the tables were there before: another agent has left them. */
  get isTakenOver(): boolean {
    return this.tables.isTakenOver;
  }

  update(map: MapDeclaration, key: Uint8Array, value: Uint8Array): void {
    this.table(map).update(key, value);
  }

  lookup(map: MapDeclaration, key: Uint8Array): Uint8Array | undefined {
    return this.table(map).lookup(key);
  }

  delete(map: MapDeclaration, key: Uint8Array): void {
    this.table(map).delete(key);
  }

  entries(map: MapDeclaration): { key: Uint8Array; value: Uint8Array }[] {
    return Array.from(this.table(map).entries(), ([key, value]) => ({ key, value }));
  }

  /** As {@link entries}: see `BpfMap.visit`. */
  visit(map: MapDeclaration, task: EntryVisit, most?: number): void {
    this.table(map).visit(task, most);
  }

  setPolicy(slot: number, object: ProgramObject | null): void {
    const slots = this.tables.get(policies);
    if (!object) {
      clearProgram(slots, slot);
      return;
    }
    timed(
      () => {
        const program = this.load(object);
        try {
          setProgram(slots, slot, program.fd);
        } finally {
          program.close();
        }
      },
      (milliseconds) => this.tell({ kind: 'program loaded', milliseconds }),
    );
  }

  /** How many entries a table has. */
  countEntries(map: MapDeclaration): number {
    return this.table(map).count();
  }

  /**
   * Attaches the two programs to the host's end of an endpoint's device, or puts them in the place
   * of those that are there, between two packets.
   */
  attach(endpoint: Attachable): void {
    this.endpoints.attach(endpoint);
  }

  /** In an upgrade, before {@link attach}: which programs are attached now. */
  keepFormer(endpoints: readonly Attachable[]): void {
    if (this.upgrade) this.endpoints.keepFormer(endpoints, this.upgrade);
  }

  /**
   * Ends what an agent before has left, when all endpoints have programs of this build: flows are
   * carried over, and nothing of another layout stays.
   *
   * @returns records of the layout before that nobody has read
   */
  finishTakeover(): Uint8Array[] {
    const { upgrade } = this;
    if (upgrade) {
      upgrade.carryFlows();
      upgrade.handOver();
      this.upgrade = undefined;
      this.upgradedFrom = this.found.former?.number;
      this.endpoints.use('alone');
    }
    // Of programs that were exchanged none runs any more, and none needs what goes now.
    if (this.found.ended.length > 0) waitForGracePeriod();
    const slots = this.tables.get(former);
    for (const slot of [FormerSlot.FromEndpoint, FormerSlot.ToEndpoint]) clearProgram(slots, slot);
    const records = this.formerTables?.takeRecords() ?? [];
    this.formerTables?.close();
    this.formerTables = undefined;
    for (const name of this.found.ended) this.removeLayout(name);
    return records;
  }

  /** Lets the attachments of an endpoint end; its device is gone, or about to go. */
  detach(id: number): void {
    this.endpoints.detach(id);
  }

  /** As {@link attach}, the programs of an uplink; its row is there by then. */
  attachUplink(interfaceIndex: number): void {
    this.uplinks.attach(interfaceIndex);
  }

  /** As {@link finishTakeover}, when all uplinks have programs of this build. */
  finishUplinkTakeover(): void {
    this.uplinks.finishTakeover();
  }

  /** Ends what this or an earlier agent has attached to an uplink, which stays. */
  detachUplink(interfaceIndex: number): void {
    this.uplinks.detach(interfaceIndex);
  }

  /** Lets go of an uplink that is gone. */
  forgetUplink(interfaceIndex: number): void {
    this.uplinks.forget(interfaceIndex);
  }

  /** Takes away the tables of masquerade: they end with their programs. */
  forgetMasquerade(): void {
    forgetUplinkTables(this.folder);
  }

  /** Whether this process has attached something. */
  get hasAttachments(): boolean {
    return this.endpoints.attachments.size + this.uplinks.attachments.size > 0;
  }

  /** Events that found no room in the buffer, since the tables exist. */
  lostEvents(): number {
    const value = this.tables.get(lostEvents).lookup(new Uint8Array(4));
    if (!value) return 0;
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    let lost = 0n;
    for (let at = 0; at + 8 <= value.length; at += 8) lost += view.getBigUint64(at, true);
    return Number(lost);
  }

  /** The datapath's records, from where the last reader stopped. */
  openEvents(): RingBufferReader {
    this.reader = new RingBufferReader(this.tables.get(events));
    return this.reader;
  }

  /** Bytes of records that wait to be read, while somebody reads. */
  waitingEventBytes(): number {
    return this.reader?.waitingBytes ?? 0;
  }

  /** Names of pins that are gone: without them things would end with this process. */
  get missingPins(): string[] {
    return this.pinned().flatMap((each) => each.missingPins);
  }

  /**
   * Directions of an endpoint's interface at which its program is not attached. For a thread in the
   * node's network namespace.
   */
  missingPrograms(endpoint: Attachable): TcDirection[] {
    return this.endpoints.missing(endpoint);
  }

  /** As {@link missingPrograms}, of an uplink. */
  missingUplinkPrograms(interfaceIndex: number): TcDirection[] {
    return this.uplinks.missing(interfaceIndex);
  }

  /** As {@link missingPrograms}: in which a program of an earlier agent decides, too. */
  strayPrograms(endpoint: Attachable): TcDirection[] {
    return this.endpoints.strays(endpoint);
  }

  /** As {@link strayPrograms}, of an uplink. */
  strayUplinkPrograms(interfaceIndex: number): TcDirection[] {
    return this.uplinks.strays(interfaceIndex);
  }

  /** Takes programs of earlier agents off, and tells in which directions. @throws KernelError */
  detachStrays(endpoint: Attachable): TcDirection[] {
    return this.endpoints.detachStrays(endpoint);
  }

  /** As {@link detachStrays}, of an uplink. */
  detachUplinkStrays(interfaceIndex: number): TcDirection[] {
    return this.uplinks.detachStrays(interfaceIndex);
  }

  /**
   * Pins again what somebody has removed the pins of, also with the file system: without them the
   * attachments would end with this process, and nothing would be enforced.
   *
   * @returns names of the pins that were gone
   * @throws KernelError
   */
  restorePins(): string[] {
    const gone = this.missingPins;
    if (gone.length === 0) return gone;
    mountBpffs(this.folder);
    for (const each of this.pinned()) each.pinAgain();
    return gone;
  }

  /** Lets go; everything pinned goes on working. */
  close(): void {
    this.uplinks.close();
    this.letGoAll();
    this.tables.close();
  }

  /** Removes every pin, and with them programs and tables. */
  remove(): void {
    this.close();
    unpinAll(this.folder);
  }

  /** Lets go of what nothing was attached to: tables that were not there before are gone. */
  abandon(): void {
    this.uplinks?.abandon();
    this.letGoAll();
    this.tables.abandon();
  }

  private openUplinks(isMasquerading: boolean): UplinkDatapath {
    const attachments = new Attachments(this.place);
    const { folder, node } = this;
    return new UplinkDatapath(
      { folder, attachments, node, maps: this.tables.maps },
      isMasquerading,
    );
  }

  /** Attachments first: they decide by tables that they hold themselves. */
  private pinned(): (Attachments | PinnedTables)[] {
    const { tables, endpoints, uplinks } = this;
    const attachments = [endpoints.attachments, uplinks.attachments];
    return [...attachments, ...(uplinks.tables ? [uplinks.tables] : []), tables];
  }

  private table(map: MapDeclaration): BpfMap {
    return this.uplinks?.tables?.maps.get(map.name) ?? this.tables.get(map);
  }

  /** An upgrade, or tables on which no other programs have a say. */
  private begin(): void {
    const { found, formerTables, tables } = this;
    if (formerTables && !isDeciding(tables)) {
      this.upgrade = new Upgrade(this.mapsFolder, found.own, tables, formerTables);
      this.endpoints.load('successor');
      this.endpoints.use('successor');
      return;
    }
    if (!isDeciding(tables)) decide(tables);
    this.endpoints.use('alone');
  }

  private removeLayout(name: string): void {
    unpinFolder(join(this.mapsFolder, name));
  }

  private letGoAll(): void {
    this.endpoints.close();
    this.formerTables?.close();
  }

  private load(object: ProgramObject): Program {
    return loadProgram(object, { maps: Object.fromEntries(this.tables.maps) });
  }
}
