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
  type Classifiers,
  clearProgram,
  loadProgram,
  openOrCreatePinnedMap,
  type Program,
  RingBufferReader,
  setProgram,
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
import type { RawTables } from '../tables/raw-tables.ts';
import { measureJiffiesPerSecond } from './jiffies.ts';
import { type KernelFeatures, probeKernelFeatures } from './kernel-features.ts';

/** Tables and programs in the kernel, pinned below one folder, so that they outlive the process. */
export class KernelDatapath implements RawTables {
  /** Whether the tables were there before: another agent has left them. */
  readonly isTakenOver: boolean;
  readonly mechanism: TcMechanism;
  private readonly maps: ReadonlyMap<string, BpfMap>;
  private readonly node: NodeConstants;
  private readonly programs: { readonly fromEndpoint: Program; readonly toEndpoint: Program };

  /**
   * Opens the tables, or makes them, and loads the programs that all endpoints share.
   *
   * @throws MapShapeError when a table of another build is there; VerifierError; KernelError
   */
  constructor(
    private readonly folder: string,
    private readonly classifiers: Classifiers,
    features: KernelFeatures = probeKernelFeatures(),
  ) {
    this.mechanism = features.mechanism;
    this.isTakenOver = existsSync(join(folder, 'maps', events.name));
    this.node = {
      jiffiesPerSecond: measureJiffiesPerSecond(),
      hasRedirectPeer: features.hasRedirectPeer ? 1 : 0,
      reportsForwarded: 1,
    };
    this.maps = new Map(
      datapathMaps.map((map) => {
        const path = join(folder, 'maps', map.name);
        return [map.name, openOrCreatePinnedMap(path, mapShapeOf(map))];
      }),
    );
    this.setPolicy(DECIDED, decidedProgram(this.node));
    const { fromEndpoint, toEndpoint } = endpointPrograms(this.node);
    this.programs = { fromEndpoint: this.load(fromEndpoint), toEndpoint: this.load(toEndpoint) };
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
    const program = this.load(object);
    try {
      setProgram(slots, slot, program.fd);
    } finally {
      program.close();
    }
  }

  /**
   * Attaches the two programs to the host's end of an endpoint's veth, or puts them in the place of
   * those that are there, between two packets.
   */
  attach(id: number, interfaceIndex: number): void {
    // First what goes in: nothing is answered before it could be asked for.
    this.attachOne(id, interfaceIndex, 'egress', this.programs.toEndpoint);
    this.attachOne(id, interfaceIndex, 'ingress', this.programs.fromEndpoint);
  }

  /** Lets the attachments of an endpoint end; its device is gone, or about to go. */
  detach(id: number): void {
    for (const direction of ['ingress', 'egress'] as const) unpinObject(this.pin(id, direction));
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
    return new RingBufferReader(this.map(events));
  }

  /** Lets go; everything pinned goes on working. */
  close(): void {
    this.programs.fromEndpoint.close();
    this.programs.toEndpoint.close();
    for (const map of this.maps.values()) map.close();
  }

  /** Removes every pin, and with them programs and tables. */
  remove(): void {
    this.close();
    for (const part of ['links', 'maps']) {
      const folder = join(this.folder, part);
      if (!existsSync(folder)) continue;
      for (const name of readdirSync(folder)) unpinObject(join(folder, name));
      rmdirSync(folder);
    }
  }

  private attachOne(id: number, ifindex: number, direction: TcDirection, program: Program): void {
    const pinPath = this.pin(id, direction);
    const { classifiers, mechanism } = this;
    attachTc({ program, ifindex, direction, pinPath, classifiers, mechanism }).close();
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
