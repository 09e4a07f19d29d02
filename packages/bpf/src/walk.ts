/** All keys or entries of a map while programs go on changing it. */
import type { MapKind } from '@skep/ebpf';
import { Errno, KernelError } from '@skep/sys';
import { lookupBatches } from './batch.ts';
import { type Chunk, newChunk, type RawEntry, type RawMap } from './raw-map.ts';
import { isArray } from './shape.ts';

/**
 * All entries. One that is there all the time comes exactly once; one that comes or goes meanwhile
 * comes at most once. Ends even if the map never keeps still.
 *
 * @throws KernelError
 */
export function* walkEntries(map: RawMap): Generator<RawEntry> {
  for (const [chunk, count] of walkChunks(map)) {
    for (let index = 0; index < count; index++) {
      yield [chunk.key(index).slice(), chunk.value(index).slice()];
    }
  }
}

/** As {@link walkEntries}, many at once; a chunk is overwritten by the next. @throws KernelError */
export function* walkChunks(map: RawMap): Generator<readonly [chunk: Chunk, count: number]> {
  const { kind } = map.shape;
  if (batchedKinds.has(kind) && (yield* tryBatches(map))) return;
  const chunk = newChunk(map, 1);
  for (const key of isArray(kind) ? walkIndexes(map) : walkKeys(map)) {
    const value = map.lookup(key);
    if (value === undefined) continue;
    chunk.bytes.set(key, chunk.keyOffset(0));
    chunk.bytes.set(value, chunk.valueOffset(0));
    yield [chunk, 1];
  }
}

/**
 * How many entries there are: exactly while nobody writes. Quick where the kernel can batch, and a
 * trie as well, since nothing is handed out that could come twice.
 *
 * @throws KernelError
 */
export function countEntries(map: RawMap): number {
  let total = 0;
  try {
    for (const [, count] of lookupBatches(map)) total += count;
    return total;
  } catch (error) {
    if (!(error instanceof KernelError) || !lacksLookup.has(error.errno)) throw error;
  }
  for (const _ of walkKeys(map)) total++;
  return total;
}

/**
 * All keys, by asking for the one after each. The kernel starts again at the first key when the one
 * that it is asked about has gone, so keys that were seen are remembered and passed over.
 *
 * @throws KernelError EAGAIN when keys vanish faster than they can be walked over
 */
export function* walkKeys(map: RawMap): Generator<Uint8Array> {
  const seen = new Set<string>();
  const stepsMax = 16 * (map.shape.maxEntries + 1);
  let key = map.nextKey(null);
  for (let steps = 0; key !== undefined; steps++) {
    if (steps > stepsMax) {
      const detail = `still changing after ${steps} steps`;
      throw new KernelError('walk map', Errno.EAGAIN, { subject: map.name, detail });
    }
    // Asked for before the key is handed out, so that the caller may delete that one.
    const next: Uint8Array | undefined = map.nextKey(key);
    const name = Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
    if (!seen.has(name)) {
      seen.add(name);
      yield key;
    }
    key = next;
  }
}

function* walkIndexes(map: RawMap): Generator<Uint8Array> {
  for (let index = 0; index < map.shape.maxEntries; index++) {
    yield new Uint8Array(new Uint32Array([index]).buffer);
  }
}

/** False where this kernel cannot batch; nothing has been yielded then. */
function* tryBatches(map: RawMap): Generator<readonly [chunk: Chunk, count: number], boolean> {
  const batches = lookupBatches(map);
  try {
    const first = batches.next();
    if (first.done) return true;
    yield first.value;
  } catch (error) {
    if (error instanceof KernelError && lacksLookup.has(error.errno)) return false;
    throw error;
  }
  yield* batches;
  return true;
}

/**
 * Kinds whose batches neither repeat nor skip when entries vanish: hashes go by bucket, the indexes
 * of arrays stay. A trie's batch goes by key, and starts again where that key has gone.
 */
const batchedKinds = new Set<MapKind>(['hash', 'lruHash', 'perCpuHash', 'array', 'perCpuArray']);
const lacksLookup = new Set<number>([Errno.ENOTSUPP, Errno.EOPNOTSUPP, Errno.EINVAL]);
