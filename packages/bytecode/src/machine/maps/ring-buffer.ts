/**
 * The ring buffer: records from programs to a reader, in order.
 *
 *     reserved, then submitted or discarded
 *     +--------+-------------+--------+-------------+ ...
 *     | 8 byte | record,     | 8 byte | record,     |      a record takes its size + 8,
 *     | header | padded to 8 | header | padded to 8 |      rounded up to a multiple of 8
 *     +--------+-------------+--------+-------------+ ...
 *
 * Only the accounting of space is the kernel's; the records themselves lie apart.
 *
 * @source kernel/bpf/ringbuf.c
 */
import type { MapShape } from '../../object.ts';
import { Errno } from '../errno.ts';
import type { Heap } from '../heap.ts';
import { Region } from '../memory.ts';
import { MachineMap, MapError } from './map.ts';

const HEADER_BYTES = 8;
const RECORD_BYTES_MAX = 0x3fff_ffff;
const PAGE_BYTES = 4096;

interface Record {
  readonly region: Region;
  readonly space: number;
  state: 'reserved' | 'submitted' | 'discarded';
}

/** @alias BPF_MAP_TYPE_RINGBUF */
export class RingBufferMap extends MachineMap {
  /** Records that found no room since the map was made. */
  lost = 0;
  private readonly records: Record[] = [];
  private usedBytes = 0;
  private producedBytes = 0;

  constructor(
    shape: MapShape,
    private readonly heap: Heap,
  ) {
    super(shape);
    const size = shape.maxEntries;
    if (size < PAGE_BYTES || (size & (size - 1)) !== 0 || shape.keySize || shape.valueSize) {
      const detail = `size ${size}, expected a power of two from ${PAGE_BYTES}, no key, no value`;
      throw new MapError(shape.name, 'create', Errno.EINVAL, detail);
    }
  }

  override find(): undefined {
    return undefined;
  }

  /** Room for a record of `size` bytes; `undefined`, and one more lost, when there is none. */
  reserve(size: number): Region | undefined {
    const space = (size + HEADER_BYTES + 7) & ~7;
    if (size > RECORD_BYTES_MAX || this.usedBytes + space > this.shape.maxEntries - 1) {
      this.lost++;
      return undefined;
    }
    const region = new Region('record', `record of ${this.shape.name}`, this.heap.allocate(size));
    this.records.push({ region, space, state: 'reserved' });
    this.usedBytes += space;
    this.producedBytes += space;
    return region;
  }

  /** Hands a reserved record to the reader, or drops it; false when it is none of this buffer. */
  finish(region: Region, state: 'submitted' | 'discarded'): boolean {
    const record = this.records.find((each) => each.region === region);
    if (record?.state !== 'reserved') return false;
    record.state = state;
    region.revoke(`it was ${state}`);
    return true;
  }

  /** Takes all records up to the first that is still reserved. */
  read(): Uint8Array[] {
    const taken: Uint8Array[] = [];
    while (this.records[0] && this.records[0].state !== 'reserved') {
      const record = this.records.shift()!;
      this.usedBytes -= record.space;
      if (record.state === 'submitted') taken.push(record.region.bytes.slice());
      this.heap.release(record.region.bytes);
    }
    return taken;
  }

  /** Bytes: unread, of the whole buffer, read so far, written so far. @alias BPF_RB_AVAIL_DATA */
  query(what: number): number {
    const consumed = this.producedBytes - this.usedBytes;
    return [this.usedBytes, this.shape.maxEntries, consumed, this.producedBytes][what] ?? 0;
  }
}
