/** Many entries in one system call: about five times cheaper for each than one by one. */
import { UpdateFlag } from '@skep/ebpf';
import { BpfAttribute, BpfCommand, bpfResult, Errno } from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpfError } from './call.ts';
import type { RawEntry, RawMap } from './raw-map.ts';

const { batch } = BpfAttribute;

/**
 * Entries of one call: enough to make the call's own cost vanish, few enough to stay in the cache.
 */
const CHUNK_ENTRIES = 1024;

/**
 * Writes entries in order, in one call for every 1,024; one by one where the kernel cannot batch
 * this kind of map. Entries before the one that failed are written.
 *
 * @throws KernelError as `BpfMap.update` does
 */
export function updateBatch(
  map: RawMap,
  entries: Iterable<RawEntry>,
  flag: UpdateFlag = UpdateFlag.Any,
): void {
  for (const chunk of chunks(entries)) {
    const { keys, values } = pack(map, chunk);
    const { errno, count } = callBatch(map, BpfCommand.MAP_UPDATE_BATCH, {
      keys,
      values,
      count: chunk.length,
      flag,
    });
    // What a batch refuses is tried alone: it works, or gives the error that belongs to the entry.
    if (errno !== 0) for (const [key, value] of chunk.slice(count)) map.update(key, value, flag);
  }
}

/**
 * Removes entries; keys that are not there are skipped.
 *
 * @returns how many were there
 * @throws KernelError
 */
export function deleteBatch(map: RawMap, keys: Iterable<Uint8Array>): number {
  let deleted = 0;
  for (const chunk of chunks(keys)) {
    let rest = chunk;
    while (rest.length > 0) {
      const packed = packColumn(rest, map.shape.keySize, (key) => map.checkKey(key));
      const { errno, count } = callBatch(map, BpfCommand.MAP_DELETE_BATCH, {
        keys: packed,
        values: null,
        count: rest.length,
        flag: UpdateFlag.Any,
      });
      deleted += count;
      if (errno === 0) break;
      const refused = rest[count];
      if (refused !== undefined && map.delete(refused)) deleted++;
      rest = rest.slice(count + 1);
    }
  }
  return deleted;
}

/**
 * All entries of a hash, bucket by bucket: an entry that is there all the time comes exactly once,
 * one that comes or goes meanwhile at most once.
 *
 * @throws KernelError; EOPNOTSUPP or ENOTSUPP where the kernel cannot batch this kind of map
 */
export function* lookupBatches(map: RawMap): Generator<RawEntry> {
  let capacity = Math.min(CHUNK_ENTRIES, Math.max(map.shape.maxEntries, 1));
  // Where the next batch begins, in the kernel's own terms: 4 bytes for hashes, a key for others.
  let position: Uint8Array | null = null;
  for (;;) {
    const next = new Uint8Array(Math.max(map.shape.keySize, 4));
    const keys = new Uint8Array(capacity * map.shape.keySize);
    const values = new Uint8Array(capacity * batchStride(map));
    const { errno, count } = callBatch(map, BpfCommand.MAP_LOOKUP_BATCH, {
      keys,
      values,
      count: capacity,
      position,
      next,
    });
    if (errno === Errno.ENOSPC) {
      // One bucket holds more than fits: the same position again with more room.
      capacity *= 2;
      continue;
    }
    const isEnd = errno === Errno.ENOENT;
    if (errno !== 0 && !isEnd) {
      throw bpfError(errno, { operation: 'look up batch in map', subject: map.name });
    }
    yield* unpack(map, keys, values, count);
    if (isEnd) return;
    position = next;
  }
}

/** Per-CPU values lie behind each other with the same padding as in single calls. */
function batchStride(map: RawMap): number {
  return map.transferSize;
}

function* unpack(
  map: RawMap,
  keys: Uint8Array,
  values: Uint8Array,
  count: number,
): Generator<RawEntry> {
  const { keySize } = map.shape;
  const stride = batchStride(map);
  for (let index = 0; index < count; index++) {
    const key = keys.slice(index * keySize, (index + 1) * keySize);
    yield [key, values.slice(index * stride, (index + 1) * stride)];
  }
}

interface BatchRequest {
  readonly keys: Uint8Array;
  readonly values: Uint8Array | null;
  readonly count: number;
  readonly flag?: number;
  readonly position?: Uint8Array | null;
  readonly next?: Uint8Array;
}

/** `count` is how many entries the kernel dealt with before the error. */
function callBatch(
  map: RawMap,
  command: number,
  request: BatchRequest,
): { readonly errno: number; readonly count: number } {
  const attribute = new Attribute(batch.size)
    .setPointer(batch.in_batch, request.position ?? null)
    .setPointer(batch.out_batch, request.next ?? null)
    .setPointer(batch.keys, request.keys)
    .setPointer(batch.values, request.values)
    .setU32(batch.count, request.count)
    .setU32(batch.map_fd, map.fd.number)
    .setU64(batch.elem_flags, BigInt(request.flag ?? 0));
  const errno = -bpfResult(command, attribute.bytes);
  // A kernel that does not know the command or cannot batch this kind leaves the count as it was.
  const isUntouched = lacksBatch(errno);
  return { errno, count: isUntouched ? 0 : Math.min(attribute.getU32(batch.count), request.count) };
}

/** Errors that come before the kernel has looked at any entry. */
function lacksBatch(errno: number): boolean {
  const { ENOTSUPP, EOPNOTSUPP, EINVAL, EPERM, EBADF, EFAULT } = Errno;
  return [ENOTSUPP, EOPNOTSUPP, EINVAL, EPERM, EBADF, EFAULT].some((known) => known === errno);
}

function pack(
  map: RawMap,
  entries: readonly RawEntry[],
): { readonly keys: Uint8Array; readonly values: Uint8Array } {
  const keys = packColumn(
    entries.map(([key]) => key),
    map.shape.keySize,
    (key) => map.checkKey(key),
  );
  const values = packColumn(
    entries.map(([, value]) => value),
    batchStride(map),
    (value) => map.checkValue(value),
  );
  return { keys, values };
}

function packColumn(
  cells: readonly Uint8Array[],
  size: number,
  check: (cell: Uint8Array) => void,
): Uint8Array {
  const packed = new Uint8Array(cells.length * size);
  cells.forEach((cell, index) => {
    check(cell);
    packed.set(cell, index * size);
  });
  return packed;
}

function* chunks<T>(items: Iterable<T>): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < CHUNK_ENTRIES) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
