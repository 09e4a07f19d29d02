/** Tables under one folder of pins: those that are there, and new ones. */
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BpfMap,
  openOrCreatePinnedMap,
  openPinnedMap,
  pinObject,
  unpinObject,
} from '@skep/bpf';
import { mapShapeOf } from '@skep/bytecode';
import type { MapDeclaration } from '@skep/ebpf';

interface Pin {
  readonly map: MapDeclaration;
  readonly path: string;
}

/** All of them, open. */
export class PinnedTables {
  /** Whether they were there before: another agent has left them. */
  readonly isTakenOver: boolean;
  readonly maps: ReadonlyMap<string, BpfMap>;
  /** Pins of those that were not there before. */
  private readonly made: string[] = [];

  /**
   * The pinned ones are looked at first, so that nothing is made where one is of another shape.
   *
   * @throws MapShapeError, PinnedKindError, KernelError; nothing is left then
   */
  constructor(
    private folder: string,
    private readonly declarations: readonly MapDeclaration[],
  ) {
    this.isTakenOver = this.missingPins.length === 0;
    const maps = new Map<string, BpfMap>();
    this.maps = maps;
    try {
      for (const { map, path } of this.pins()) {
        const found = openPinnedMap(path, mapShapeOf(map));
        if (found) maps.set(map.name, found);
      }
      for (const { map, path } of this.pins()) {
        if (!maps.has(map.name)) maps.set(map.name, this.make(map, path));
      }
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** Names of pins that are not there. */
  get missingPins(): string[] {
    return this.unpinned().map(({ map }) => map.name);
  }

  get({ name }: MapDeclaration): BpfMap {
    return this.named(name);
  }

  named(name: string): BpfMap {
    const map = this.maps.get(name);
    if (!map) throw new Error(`map ${name}: not one of the datapath's`);
    return map;
  }

  /** The folder has been renamed. */
  moved(folder: string): void {
    this.folder = folder;
    this.made.length = 0;
  }

  /** Pins those again whose pins somebody has removed. @throws KernelError */
  pinAgain(): void {
    for (const { map, path } of this.unpinned()) pinObject(this.get(map).fd, path);
  }

  close(): void {
    for (const map of this.maps.values()) map.close();
  }

  /** Lets go; those that were not there before are gone. */
  abandon(): void {
    this.close();
    for (const path of this.made) unpinObject(path);
    for (const folder of [this.folder, join(this.folder, '..')]) {
      if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
    }
  }

  private make(map: MapDeclaration, path: string): BpfMap {
    this.made.push(path);
    return openOrCreatePinnedMap(path, mapShapeOf(map));
  }

  private unpinned(): Pin[] {
    return this.pins().filter(({ path }) => !existsSync(path));
  }

  private pins(): Pin[] {
    return this.declarations.map((map) => ({ map, path: join(this.folder, map.name) }));
  }
}

/** Removes every pin of a datapath, whoever made them, and with them what only they held. */
export function unpinAll(folder: string): void {
  for (const part of ['links', 'maps', 'masquerade']) unpinFolder(join(folder, part));
}

/** Removes the pins in a folder, and in those below it, with the folders; absence is no error. */
export function unpinFolder(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) unpinFolder(path);
    else unpinObject(path);
  }
  rmdirSync(folder);
}
