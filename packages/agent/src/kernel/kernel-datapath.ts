/**
 * The datapath in the kernel: maps and links pinned under one folder of a BPF file system, so that
 * traffic outlives the agent.
 *
 * ```
 * <folder>/maps/<map name>      every table
 * <folder>/links/<id>-ingress   what an endpoint sends (the host end's ingress), and
 * <folder>/links/<id>-egress    what it is to get
 * ```
 *
 * On kernels without TCX there are no links: `cls_bpf` filters on the interface hold the programs,
 * are found again by their priority and handle, and go with the interface.
 */
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  attachTc,
  type BpfMap,
  clearProgram,
  loadProgram,
  openOrCreatePinnedMap,
  openPinnedMap,
  pinObject,
  type Program,
  queryTcx,
  RingBufferReader,
  setProgram,
  type TcAttachment,
  type TcDirection,
  type TcMechanism,
  unpinObject,
} from '@skep/bpf';
import { mapShapeOf, type ProgramObject } from '@skep/bytecode';
import {
  DECIDED,
  datapathMaps,
  decidedProgram,
  endpointPrograms,
  events,
  lostEvents,
  type NodeConstants,
  policies,
} from '@skep/datapath';
import type { MapDeclaration } from '@skep/ebpf';
import type { TrafficControl } from '@skep/netlink';
import type { RawTables } from '../tables/raw-tables.ts';
import { type Tell, tellNobody, timed } from '../telemetry/occurrence.ts';
import { mountBpffs } from './bpffs.ts';
import { measureJiffiesPerSecond } from './jiffies.ts';
import { type KernelFeatures, probeKernelFeatures } from './kernel-features.ts';

/** Tables and programs in the kernel, pinned below one folder, so that they outlive the process. */
export class KernelDatapath implements RawTables {
  /** Whether the tables were there before: another agent has left them. */
  readonly isTakenOver: boolean;
  readonly mechanism: TcMechanism;
  private readonly maps: ReadonlyMap<string, BpfMap>;
  /** Pins of the tables that were not there before. */
  private readonly made: readonly string[];
  private readonly node: NodeConstants;
  /** Held while the process runs, so that they do not end with their pins. */
  private readonly attachments = new Map<number, TcAttachment[]>();
  private readonly programs: { readonly fromEndpoint: Program; readonly toEndpoint: Program };
  private reader: RingBufferReader | undefined;

  /**
   * Opens the tables, or makes them, and loads the programs that all endpoints share.
   *
   * @throws MapShapeError when a table of another build is there; VerifierError; KernelError
   */
  constructor(
    private readonly folder: string,
    private readonly classifiers: TrafficControl,
    features: KernelFeatures = probeKernelFeatures(),
    private readonly tell: Tell = tellNobody,
  ) {
    this.mechanism = features.mechanism;
    this.isTakenOver = existsSync(join(folder, 'maps', events.name));
    this.node = {
      jiffiesPerSecond: measureJiffiesPerSecond(),
      hasRedirectPeer: features.hasRedirectPeer ? 1 : 0,
      reportsForwarded: 1,
    };
    ({ maps: this.maps, made: this.made } = openPinnedMaps(join(folder, 'maps')));
    try {
      this.programs = this.loadPrograms();
    } catch (error) {
      closeAll(this.maps);
      this.unmake();
      throw error;
    }
  }

  update(map: MapDeclaration, key: Uint8Array, value: Uint8Array): void {
    this.map(map).update(key, value);
  }

  lookup(map: MapDeclaration, key: Uint8Array): Uint8Array | undefined {
    return this.map(map).lookup(key);
  }

  delete(map: MapDeclaration, key: Uint8Array): void {
    this.map(map).delete(key);
  }

  entries(map: MapDeclaration): { key: Uint8Array; value: Uint8Array }[] {
    return Array.from(this.map(map).entries(), ([key, value]) => ({ key, value }));
  }

  setPolicy(slot: number, object: ProgramObject | null): void {
    const slots = this.map(policies);
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
    return this.map(map).count();
  }

  /**
   * Attaches the two programs to the host's end of an endpoint's veth, or puts them in the place of
   * those that are there, between two packets.
   */
  attach(id: number, interfaceIndex: number): void {
    // First what goes in: nothing is answered before it could be asked for.
    const { toEndpoint, fromEndpoint } = this.programs;
    this.attachOne(id, interfaceIndex, 'egress', toEndpoint);
    this.attachOne(id, interfaceIndex, 'ingress', fromEndpoint);
  }

  /** Lets the attachments of an endpoint end; its device is gone, or about to go. */
  detach(id: number): void {
    this.letGo(id);
    for (const direction of ['ingress', 'egress'] as const) unpinObject(this.pin(id, direction));
  }

  /** Whether this process has attached something. */
  get hasAttachments(): boolean {
    return this.attachments.size > 0;
  }

  /** Events that found no room in the buffer, since the tables exist. */
  lostEvents(): number {
    const value = this.map(lostEvents).lookup(new Uint8Array(4));
    if (!value) return 0;
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    let lost = 0n;
    for (let at = 0; at + 8 <= value.length; at += 8) lost += view.getBigUint64(at, true);
    return Number(lost);
  }

  /** The datapath's records, from where the last reader stopped. */
  openEvents(): RingBufferReader {
    this.reader = new RingBufferReader(this.map(events));
    return this.reader;
  }

  /** Bytes of records that wait to be read, while somebody reads. */
  waitingEventBytes(): number {
    return this.reader?.waitingBytes ?? 0;
  }

  /** Whether the tables are pinned, so that they outlive the process. */
  get hasPins(): boolean {
    return existsSync(join(this.folder, 'maps', events.name));
  }

  /**
   * Directions of an endpoint's interface at which its program is not attached, or its link not
   * pinned. For a thread in the node's network namespace.
   */
  missingPrograms(id: number, interfaceIndex: number): TcDirection[] {
    const { toEndpoint, fromEndpoint } = this.programs;
    const isMissing = (direction: TcDirection, program: Program): boolean => {
      if (this.mechanism === 'tcx' && !existsSync(this.pin(id, direction))) return true;
      return !this.attachedIds(interfaceIndex, direction).includes(program.info().id);
    };
    return [
      ...(isMissing('ingress', fromEndpoint) ? ['ingress' as const] : []),
      ...(isMissing('egress', toEndpoint) ? ['egress' as const] : []),
    ];
  }

  /**
   * Pins everything again where the pins are gone, as when somebody has unmounted the file system:
   * without them the attachments would end with this process, and nothing would be enforced.
   *
   * @returns whether they were gone
   * @throws KernelError
   */
  restorePins(): boolean {
    if (this.hasPins) return false;
    mountBpffs(this.folder);
    unpinFolder(join(this.folder, 'links'));
    for (const attachment of [...this.attachments.values()].flat()) attachment.pinAgain();
    for (const { map, path } of pinsOf(join(this.folder, 'maps'))) {
      unpinObject(path);
      pinObject(this.map(map).fd, path);
    }
    return true;
  }

  /** Lets go; everything pinned goes on working. */
  close(): void {
    for (const id of [...this.attachments.keys()]) this.letGo(id);
    this.programs.fromEndpoint.close();
    this.programs.toEndpoint.close();
    closeAll(this.maps);
  }

  /** Removes every pin, and with them programs and tables. */
  remove(): void {
    for (const id of [...this.attachments.keys()]) this.letGo(id);
    this.programs.fromEndpoint.close();
    this.programs.toEndpoint.close();
    closeAll(this.maps);
    for (const part of ['links', 'maps']) unpinFolder(join(this.folder, part));
  }

  /** Lets go of what nothing was attached to: tables that were not there before are gone. */
  abandon(): void {
    this.close();
    this.unmake();
  }

  private unmake(): void {
    for (const path of this.made) unpinObject(path);
    const folder = join(this.folder, 'maps');
    if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
  }

  /** Nothing takes the place of an old program before all have been accepted. */
  private loadPrograms(): KernelDatapath['programs'] {
    const loaded: Program[] = [];
    const load = (object: ProgramObject): Program => {
      const program = this.load(object);
      loaded.push(program);
      return program;
    };
    try {
      const own = endpointPrograms(this.node);
      const programs = { fromEndpoint: load(own.fromEndpoint), toEndpoint: load(own.toEndpoint) };
      this.setPolicy(DECIDED, decidedProgram(this.node));
      return programs;
    } catch (error) {
      for (const program of loaded) if (!program.fd.isClosed) program.close();
      throw error;
    }
  }

  private attachOne(id: number, ifindex: number, direction: TcDirection, program: Program): void {
    const pinPath = this.pin(id, direction);
    const { classifiers, mechanism } = this;
    const attachment = attachTc({
      ...{ program, ifindex, direction },
      ...{ pinPath, classifiers, mechanism },
    });
    this.attachments.set(id, [...(this.attachments.get(id) ?? []), attachment]);
  }

  /** Numbers of the programs at one direction of an interface. */
  private attachedIds(interfaceIndex: number, direction: TcDirection): (number | undefined)[] {
    if (this.mechanism === 'clsact') {
      const filters = this.classifiers.listFilters(interfaceIndex, direction);
      return filters.map(({ programId }) => programId);
    }
    return queryTcx(interfaceIndex, direction).programs.map(({ programId }) => programId);
  }

  private letGo(id: number): void {
    for (const attachment of this.attachments.get(id) ?? []) attachment.close();
    this.attachments.delete(id);
  }

  private load(object: ProgramObject): Program {
    return loadProgram(object, { maps: Object.fromEntries(this.maps) });
  }

  private pin(id: number, direction: TcDirection): string {
    return join(this.folder, 'links', `${id}-${direction}`);
  }

  private map(declaration: MapDeclaration): BpfMap {
    const map = this.maps.get(declaration.name);
    if (!map) throw new Error(`map ${declaration.name}: not one of the datapath's`);
    return map;
  }
}

/**
 * The datapath's tables: those that are pinned, and new ones for those that are not. The pinned
 * ones are looked at first, so that nothing is made where one is of another shape.
 *
 * @throws MapShapeError, PinnedKindError, KernelError; nothing is left then
 */
function openPinnedMaps(folder: string): { maps: Map<string, BpfMap>; made: string[] } {
  const maps = new Map<string, BpfMap>();
  const made: string[] = [];
  try {
    for (const { map, path } of pinsOf(folder)) {
      const found = openPinnedMap(path, mapShapeOf(map));
      if (found) maps.set(map.name, found);
    }
    for (const { map, path } of pinsOf(folder)) {
      if (maps.has(map.name)) continue;
      made.push(path);
      maps.set(map.name, openOrCreatePinnedMap(path, mapShapeOf(map)));
    }
    return { maps, made };
  } catch (error) {
    closeAll(maps);
    for (const path of made) unpinObject(path);
    throw error;
  }
}

function pinsOf(folder: string): { map: MapDeclaration; path: string }[] {
  return datapathMaps.map((map) => ({ map, path: join(folder, map.name) }));
}

function closeAll(maps: ReadonlyMap<string, BpfMap>): void {
  for (const map of maps.values()) map.close();
}

function unpinFolder(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) unpinObject(join(folder, name));
  rmdirSync(folder);
}
