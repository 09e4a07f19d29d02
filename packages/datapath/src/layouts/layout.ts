/**
 * A layout: the shapes of all tables together, numbered. Tables of one layout are pinned in a
 * folder of its name; a build with another layout has tables of its own, and carries over what only
 * packets have written. `packages/datapath/layouts` has every layout that a build can be upgraded
 * from, and its own.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { DatapathEvent } from '@skep/contract';
import type { Field, MapDeclaration, MapKind } from '@skep/ebpf';
import {
  carriedMaps,
  carriedMasqueradeMaps,
  datapathMaps,
  events,
  masqueradeMaps,
} from '../maps.ts';
import { type FieldText, textOf } from './field-text.ts';

/** The number of this build's layout. See CONTRIBUTING.md for when to raise it. */
export const LAYOUT = 1;
/** The same of the tables of masquerade, which have layouts of their own. */
export const MASQUERADE_LAYOUT = 1;

/** Tables that are upgraded together, whatever becomes of others. */
export interface LayoutFamily {
  readonly name: 'datapath' | 'masquerade';
  readonly number: number;
  readonly maps: readonly MapDeclaration[];
  /** Those that are carried over, in this order. */
  readonly carried: readonly MapDeclaration[];
}

/** All tables but those of masquerade. */
export const datapathFamily: LayoutFamily = {
  ...{ name: 'datapath', number: LAYOUT, maps: datapathMaps, carried: carriedMaps },
};
/** Those of masquerade: flows go through an upgrade of the others untouched, and the reverse. */
export const masqueradeFamily: LayoutFamily = {
  ...{ name: 'masquerade', number: MASQUERADE_LAYOUT },
  ...{ maps: masqueradeMaps, carried: carriedMasqueradeMaps },
};

/** The shape of one table, and what its bytes mean. */
export interface MapLayout {
  readonly kind: MapKind;
  readonly maxEntries: number;
  readonly flags: number;
  /** Sizes of key and value in bytes, 0 where there is none. */
  readonly keySize: number;
  readonly valueSize: number;
  readonly key: FieldText | null;
  /** Of a ring buffer: what its records are. */
  readonly value: FieldText | null;
}

/** The shapes of all tables. */
export interface Layout {
  readonly number: number;
  /** By name. */
  readonly maps: Readonly<Record<string, MapLayout>>;
  /** Names of those that only packets write, in the order in which they are carried over. */
  readonly carried: readonly string[];
}

/** This build's. */
export function currentLayout({ number, maps, carried } = datapathFamily): Layout {
  return {
    number,
    maps: Object.fromEntries(maps.map((map) => [map.name, mapLayoutOf(map)])),
    carried: carried.map(({ name }) => name),
  };
}

/** One that this build knows; `undefined` for a number that it does not. */
export function readLayout(number: number, family = datapathFamily): Layout | undefined {
  const file = layoutFile(number, family);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Layout) : undefined;
}

/** Where a layout is written down. */
export function layoutFile(number: number, { name } = datapathFamily): URL {
  const prefix = name === datapathFamily.name ? '' : `${name}-`;
  return new URL(`../../layouts/${prefix}${number}.json`, import.meta.url);
}

/** The folder of its tables: the number, and a digest, so that no two layouts share a name. */
export function layoutName(layout: Layout): string {
  const digest = createHash('sha256').update(JSON.stringify(layout)).digest('hex');
  return `${layout.number}-${digest.slice(0, 8)}`;
}

/** The number in a name as `layoutName` gives it; `undefined` for any other text. */
export function layoutNumber(name: string): number | undefined {
  const [, number] = /^([1-9]\d*)-[0-9a-f]{8}$/.exec(name) ?? [];
  return number === undefined ? undefined : Number(number);
}

function mapLayoutOf(map: MapDeclaration): MapLayout {
  const { kind, maxEntries, flags } = map;
  const key = map.key as Field | null;
  const value = map.value as Field | null;
  const record = map === events ? DatapathEvent : value;
  return {
    ...{ kind, maxEntries, flags },
    ...{ keySize: key?.size ?? 0, valueSize: value?.size ?? 0 },
    key: key && textOf(key),
    value: record && textOf(record),
  };
}
