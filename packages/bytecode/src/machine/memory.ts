/**
 * The memory that a program may reach: separate regions, each access checked against one of them.
 *
 * An address is 64 bits like any value, so that programs may store, compare and subtract it:
 *
 *     high word                              low word
 *     +----------------------------+------+  +--------------------------+
 *     | 0x0001 . . . region number | 0000 |  | 0x40000000 + byte offset |
 *     +----------------------------+------+  +--------------------------+
 *
 * The offset is biased so that an address a little before its region is still of that region.
 *
 * Regions of a run, such as its packet, have the numbers from 0 on. Those that last, such as the
 * values of maps, are kept under numbers of their own, so that a lookup needs no new one.
 */
import { StepFault } from './fault.ts';
import { type Heap, ScatteredHeap } from './heap.ts';
import type { RegionTable } from './region-table.ts';

/** What a region is; `map` and `code` have addresses but no readable bytes. */
export type RegionKind = 'stack' | 'context' | 'packet' | 'mapValue' | 'record' | 'map' | 'code';

/** The low word of the address of a region's first byte. */
export const ORIGIN = 0x4000_0000;
/** The high word of the address of region 0. */
export const TAG = 0x0001_0000;
/** Below the number of a region there are so many bits of its high word. */
export const REGION_SHIFT = 4;
/** Numbers below are for regions of a run. */
const OWN_NUMBERS = 1024;
/** When a run has more regions, they are numbered from here on. */
const FAR = 1 << 26;

/** Bytes that a program may reach between `begin` and `end`. */
export class Region {
  /** The number given for one run, valid while `run` is that run's. */
  number = 0;
  run = 0;
  /** Where generated code finds the bytes; `undefined` until it is asked for. */
  place: number | undefined;
  /** The map whose address it stands for. */
  owner: object | undefined;
  private reason = '';
  private table: RegionTable | undefined;

  constructor(
    readonly kind: RegionKind,
    /** For messages: `stack of classify`, `value of map ports`. */
    readonly name: string,
    readonly bytes: Uint8Array,
    readonly begin = 0,
    readonly end = bytes.length,
    readonly isWritable = true,
  ) {}

  /** Why it can no longer be used; empty while it can. */
  get goneBecause(): string {
    return this.reason;
  }

  /** Ends its use. */
  revoke(reason: string): void {
    this.reason = reason;
    this.table?.withdraw(this);
  }

  /** Numbered for a run, with a row in a table where there is one. */
  enter(number: number, run: number, table: RegionTable | undefined): void {
    this.number = number;
    this.run = run;
    this.table = table;
    table?.publish(this, ORIGIN);
  }
}

/** The run of regions that every run has, by the same number. */
const ALL_RUNS = -1;
let runs = 0;

/** The high word of the addresses of the region of a number. */
export function highOf(number: number): number {
  return TAG + (number << REGION_SHIFT);
}

/** The high word of the addresses of the region that is the `index`th to be kept. */
export function keptAddress(index: number): number {
  return highOf(OWN_NUMBERS + index);
}

/** All regions, by number. One for each machine. */
export class Memory {
  private readonly regions: (Region | undefined)[] = new Array(OWN_NUMBERS).fill(undefined);
  private readonly far: Region[] = [];
  /** Regions of the run so far. */
  private own = 0;
  /** Numbers that were given up, by how many belong together. */
  private readonly vacant = new Map<number, number[]>();
  private readonly leaving: (readonly Region[])[] = [];
  private run = 0;
  /** Where the last `locate` found its byte, in the bytes of the region. */
  offset = 0;

  constructor(
    readonly heap: Heap = new ScatteredHeap(),
    private readonly table?: RegionTable,
  ) {}

  /** Gives regions the same addresses in all runs, one behind the other. */
  keep(...regions: readonly Region[]): void {
    const first = this.vacant.get(regions.length)?.pop() ?? this.regions.length;
    regions.forEach((region, index) => {
      this.regions[first + index] = region;
      region.enter(first + index, ALL_RUNS, this.table);
    });
  }

  /** Kept together, no longer needed: until the run has ended they can be reached. */
  giveUp(regions: readonly Region[]): void {
    this.leaving.push(regions);
  }

  /**
   * Begins a run: only what is kept has addresses. A first region that would be numbered as before
   * stays as it is.
   */
  begin(first: Region | undefined): void {
    const { regions, own } = this;
    if (own === 1 && first === regions[0] && first && this.leaving.length === 0) {
      this.heap.collect();
      return;
    }
    this.table?.clear(0, Math.min(own, OWN_NUMBERS));
    for (let number = 0; number < own && number < OWN_NUMBERS; number++) {
      regions[number] = undefined;
    }
    if (this.far.length > 0) this.far.length = 0;
    this.own = 0;
    this.run = ++runs;
    for (let gone = this.leaving.pop(); gone; gone = this.leaving.pop()) this.vacate(gone);
    this.heap.collect();
  }

  private vacate(gone: readonly Region[]): void {
    for (const region of gone) {
      this.regions[region.number] = undefined;
      this.table?.withdraw(region);
      this.heap.reuse(region.bytes);
    }
    const known = this.vacant.get(gone.length);
    if (known) known.push(gone[0]!.number);
    else this.vacant.set(gone.length, [gone[0]!.number]);
  }

  /** The high word of the region's addresses; the region gets a number on first use in a run. */
  attach(region: Region): number {
    if (region.run !== this.run && region.run !== ALL_RUNS) this.number(region);
    return highOf(region.number);
  }

  private number(region: Region): void {
    const index = this.own++;
    if (index < OWN_NUMBERS) {
      region.enter(index, this.run, this.table);
      this.regions[index] = region;
    } else {
      region.enter(FAR + index - OWN_NUMBERS, this.run, undefined);
      this.far.push(region);
    }
  }

  /** The region that an address belongs to, whatever its offset. */
  regionAt(high: number): Region | undefined {
    const number = high - TAG;
    if (number < 0 || (number & ((1 << REGION_SHIFT) - 1)) !== 0) return undefined;
    const index = number >> REGION_SHIFT;
    return index < FAR ? this.regions[index] : this.far[index - FAR];
  }

  /**
   * The region of `size` readable bytes at an address; their place is left in `offset`.
   *
   * @throws StepFault when not all of them lie in one live region
   */
  locate(high: number, low: number, size: number): Region {
    const region = this.regionAt(high);
    if (region === undefined) {
      throw new StepFault(`access of ${size} bytes at ${describe(high, low)}, which is no address`);
    }
    const offset = (low - ORIGIN) | 0;
    if (offset < region.begin || offset + size > region.end || region.goneBecause !== '') {
      throw outside(region, offset, size);
    }
    this.offset = offset;
    return region;
  }

  /** As `locate`, of bytes to be written. @throws StepFault as there, and when read-only */
  locateWritable(high: number, low: number, size: number): Region {
    const region = this.locate(high, low, size);
    if (!region.isWritable) throw new StepFault(`write to ${region.name}, which is read-only`);
    return region;
  }
}

function outside(region: Region, offset: number, size: number): StepFault {
  const what = `access of ${size} bytes at ${offset - region.begin} of ${region.name}`;
  if (region.goneBecause !== '') return new StepFault(`${what}: ${region.goneBecause}`);
  if (region.kind === 'map' || region.kind === 'code') {
    return new StepFault(`${what}: its memory is the kernel's alone`);
  }
  return new StepFault(`${what}, which has ${region.end - region.begin} bytes`);
}

function describe(high: number, low: number): string {
  if (high === 0 && low === 0) return 'null';
  const value = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return `0x${value.toString(16)}`;
}
