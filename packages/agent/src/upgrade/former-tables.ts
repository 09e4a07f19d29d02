/** The tables of the layout before, as far as they are carried over; nothing writes to them. */
import { join } from 'node:path';
import {
  type BpfMap,
  isPerCpu,
  openPinnedMap,
  possibleCpuCount,
  RingBufferReader,
  updateBatch,
} from '@skep/bpf';
import {
  type Carry,
  datapathFamily,
  type Layout,
  planCarryTo,
  type RawEntry,
} from '@skep/datapath';
import type { PinnedTables } from '../kernel/pinned-tables.ts';

/** An entry as it was read, and what becomes of it. */
interface Carried {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly renewed: RawEntry;
}

/** Entries of one system call. */
const BATCH_ENTRIES = 256;

/** What packets have written under the layout before, turned into entries of this one. */
export class FormerTables {
  private readonly maps = new Map<string, BpfMap>();
  private readonly carries: ReadonlyMap<string, Carry>;

  /**
   * Opens what is there; a table that is not has no entries.
   *
   * @throws MigrationError where this build knows no way; MapShapeError, KernelError
   */
  constructor(
    folder: string,
    private readonly layout: Layout,
    family = datapathFamily,
  ) {
    this.carries = planCarryTo(family, layout);
    try {
      for (const name of layout.carried) {
        const { kind, keySize, valueSize, maxEntries, flags } = layout.maps[name]!;
        const shape = { name, kind, keySize, valueSize, maxEntries, flags };
        const map = openPinnedMap(join(folder, name), shape);
        if (map) this.maps.set(name, map);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Tables of flows, which old and new programs write; in the order in which to carry them. */
  get flows(): string[] {
    return this.layout.carried.filter((name) => this.sort(name) === 'flows');
  }

  /** Tables of counts, which only those write whose word counts. */
  get counters(): string[] {
    return this.layout.carried.filter((name) => this.sort(name) === 'counters');
  }

  /**
   * Writes all entries of a table to this build's. What is there already under a key is replaced:
   * who has the last word knows more of it.
   *
   * @param keepsKnown the other way round: this build's programs have had the last word since
   * @throws KernelError
   */
  carry(name: string, tables: PinnedTables, keepsKnown = false): void {
    const source = this.maps.get(name);
    if (!source) return;
    const batch: Carried[] = [];
    for (const [key, value] of source.entries()) {
      const renewed = this.renew(source, key, value, tables);
      if (renewed && keepsKnown && tables.named(renewed.map).lookup(renewed.key)) continue;
      if (renewed) batch.push({ key, value, renewed });
      if (batch.length === BATCH_ENTRIES) this.write(source, batch.splice(0), tables);
    }
    this.write(source, batch, tables);
  }

  /** Packets go on changing what is read: what has changed when it is written is written anew. */
  private write(source: BpfMap, batch: readonly Carried[], tables: PinnedTables): void {
    for (const map of new Set(batch.map(({ renewed }) => renewed.map))) {
      const own = batch.filter(({ renewed }) => renewed.map === map);
      updateBatch(
        tables.named(map),
        own.map(({ renewed: { key, value } }) => [key, value]),
      );
    }
    for (const { key, value, renewed } of batch) {
      const now = source.lookupShared(key);
      if (now && Buffer.compare(now, value) === 0) continue;
      const again = now && this.renew(source, key, now, tables);
      if (again) tables.named(again.map).update(again.key, again.value);
      else tables.named(renewed.map).delete(renewed.key);
    }
  }

  /** Records that nobody has read, as this build's. */
  takeRecords(): Uint8Array[] {
    const records: Uint8Array[] = [];
    for (const [name, map] of this.maps) {
      if (map.shape.kind !== 'ringBuffer') continue;
      const reader = new RingBufferReader(map);
      reader.drain((value) => {
        const renewed = this.convert({ map: name, key: new Uint8Array(0), value });
        if (renewed) records.push(renewed.value.slice());
      });
      reader.close();
    }
    return records;
  }

  close(): void {
    for (const map of this.maps.values()) map.close();
  }

  private sort(name: string): 'flows' | 'counters' | 'records' {
    const { kind } = this.layout.maps[name]!;
    if (kind === 'ringBuffer') return 'records';
    return isPerCpu(kind) ? 'counters' : 'flows';
  }

  private convert(entry: RawEntry): RawEntry | undefined {
    return this.carries.get(entry.map)!(entry);
  }

  private renew(
    source: BpfMap,
    key: Uint8Array,
    value: Uint8Array,
    tables: PinnedTables,
  ): RawEntry | undefined {
    const { name: map, shape } = source;
    if (!isPerCpu(shape.kind)) return this.convert({ map, key, value });
    // One value for each CPU, each in a multiple of 8 bytes; a CPU whose value ends counts nothing.
    const cpus = possibleCpuCount();
    const stride = source.transferSize / cpus;
    let whole: { map: string; key: Uint8Array; value: Uint8Array } | undefined;
    for (let cpu = 0; cpu < cpus; cpu++) {
      const own = value.subarray(cpu * stride, cpu * stride + shape.valueSize);
      const renewed = this.convert({ map, key, value: own });
      if (!renewed) continue;
      const { transferSize } = tables.named(renewed.map);
      whole ??= { map: renewed.map, key: renewed.key, value: new Uint8Array(transferSize) };
      whole.value.set(renewed.value, (cpu * transferSize) / cpus);
    }
    return whole;
  }
}
