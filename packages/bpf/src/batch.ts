/** Many entries in one system call: about five times cheaper for each than one by one. */
import { UpdateFlag } from '@skep/ebpf';
import { BpfAttribute, BpfCommand, bpfResult, Errno } from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpfError } from './call.ts';
import { type Chunk, newChunk, type RawEntry, type RawMap } from './raw-map.ts';

const { batch } = BpfAttribute;

/** Entries of one call: the call's own cost vanishes, and the memory stays in the cache. */
const CHUNK_ENTRIES = 1024;

/** Writes one item's key and value into a chunk, at byte offsets of its memory. */
export type Put<Item> = (
  item: Item,
  bytes: Uint8Array,
  keyOffset: number,
  valueOffset: number,
) => void;

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
  const put: Put<RawEntry> = ([key, value], bytes, keyOffset, valueOffset) => {
    map.checkKey(key);
    map.checkValue(value);
    bytes.set(key, keyOffset);
    bytes.set(value, valueOffset);
  };
  updateEach(map, entries, put, flag);
}

/** As {@link updateBatch}, with items that `put` writes where the kernel will read them. */
export function updateEach<Item>(
  map: RawMap,
  items: Iterable<Item>,
  put: Put<Item>,
  flag: UpdateFlag,
): void {
  const chunk = newChunk(map, Math.min(CHUNK_ENTRIES, map.shape.maxEntries));
  let count = 0;
  for (const item of items) {
    put(item, chunk.bytes, chunk.keyOffset(count), chunk.valueOffset(count));
    if (++count < chunk.capacity) continue;
    updateChunk(map, chunk, count, flag);
    count = 0;
  }
  if (count > 0) updateChunk(map, chunk, count, flag);
}

function updateChunk(map: RawMap, chunk: Chunk, count: number, flag: UpdateFlag): void {
  const answer = callBatch(map, BpfCommand.MAP_UPDATE_BATCH, { chunk, count, flag });
  if (answer.errno === 0) return;
  // What a batch refuses is tried alone: it works, or gives the error that belongs to the entry.
  for (let index = answer.count; index < count; index++) {
    map.update(chunk.key(index), chunk.value(index), flag);
  }
}

/**
 * Removes entries; keys that are not there are skipped.
 *
 * @returns how many were there
 * @throws KernelError
 */
export function deleteBatch(map: RawMap, keys: Iterable<Uint8Array>): number {
  const chunk = newChunk(map, Math.min(CHUNK_ENTRIES, map.shape.maxEntries));
  let deleted = 0;
  let count = 0;
  for (const key of keys) {
    map.checkKey(key);
    chunk.bytes.set(key, chunk.keyOffset(count));
    if (++count < chunk.capacity) continue;
    deleted += deleteChunk(map, chunk, count);
    count = 0;
  }
  return deleted + deleteChunk(map, chunk, count);
}

function deleteChunk(map: RawMap, chunk: Chunk, count: number): number {
  let deleted = 0;
  for (let first = 0; first < count; ) {
    const request = { chunk, first, count: count - first, flag: UpdateFlag.Any };
    const answer = callBatch(map, BpfCommand.MAP_DELETE_BATCH, request);
    deleted += answer.count;
    first += answer.count;
    if (answer.errno === 0) break;
    // The one that the batch stopped at is missing, or the kernel cannot batch: alone, then on.
    if (first < count && map.delete(chunk.key(first))) deleted++;
    first++;
  }
  return deleted;
}

/**
 * All entries of a hash, bucket by bucket: an entry that is there all the time comes exactly once,
 * one that comes or goes meanwhile at most once. A chunk is overwritten by the next.
 *
 * @throws KernelError; EOPNOTSUPP or ENOTSUPP where the kernel cannot batch this kind of map
 */
export function* lookupBatches(map: RawMap): Generator<readonly [chunk: Chunk, count: number]> {
  let chunk = newChunk(map, Math.min(CHUNK_ENTRIES, Math.max(map.shape.maxEntries, 1)));
  // Where the next batch begins, in the kernel's own terms: 4 bytes for hashes, a key for others.
  let position: Uint8Array | null = null;
  for (;;) {
    const next = new Uint8Array(Math.max(map.shape.keySize, 4));
    const request = { chunk, count: chunk.capacity, position, next };
    const { errno, count } = callBatch(map, BpfCommand.MAP_LOOKUP_BATCH, request);
    if (errno === Errno.ENOSPC) {
      // One bucket holds more than fits: the same position again with more room.
      chunk = newChunk(map, chunk.capacity * 2);
      continue;
    }
    const isEnd = errno === Errno.ENOENT;
    if (errno !== 0 && !isEnd) {
      throw bpfError(errno, { operation: 'look up batch in map', subject: map.name });
    }
    yield [chunk, count];
    if (isEnd) return;
    position = next;
  }
}

interface BatchRequest {
  readonly chunk: Chunk;
  /** Entries of the chunk that are left out at its beginning; 0 where absent. */
  readonly first?: number;
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
  const { chunk, first = 0 } = request;
  const hasValues = command !== BpfCommand.MAP_DELETE_BATCH;
  const attribute = new Attribute(batch.size)
    .setPointer(batch.in_batch, request.position ?? null)
    .setPointer(batch.out_batch, request.next ?? null)
    .setPointer(batch.keys, chunk.bytes.subarray(chunk.keyOffset(first)))
    .setPointer(batch.values, hasValues ? chunk.bytes.subarray(chunk.valueOffset(first)) : null)
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
