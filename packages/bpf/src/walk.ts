/** All keys or entries of a map while programs go on changing it. */
import type { MapKind } from '@skep/ebpf';
import { Errno, KernelError } from '@skep/sys';
import { lookupBatches } from './batch.ts';
import type { RawEntry, RawMap } from './raw-map.ts';
import { isArray } from './shape.ts';

/**
 * All entries. One that is there all the time comes exactly once; one that comes or goes meanwhile
 * comes at most once. Ends even if the map never keeps still.
 *
 * @throws KernelError
 */
export function* walkEntries(map: RawMap): Generator<RawEntry> {
  const { kind } = map.shape;
  if (batchedKinds.has(kind) && (yield* tryBatches(map))) return;
  if (isArray(kind)) return yield* walkArray(map);
  for (const key of walkKeys(map)) {
    const value = map.lookup(key);
    if (value) yield [key, value];
  }
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

function* walkArray(map: RawMap): Generator<RawEntry> {
  for (let index = 0; index < map.shape.maxEntries; index++) {
    const key = new Uint8Array(new Uint32Array([index]).buffer);
    const value = map.lookup(key);
    if (value) yield [key, value];
  }
}

/** False where this kernel cannot batch; nothing has been yielded then. */
function* tryBatches(map: RawMap): Generator<RawEntry, boolean> {
  const batches = lookupBatches(map);
  let first: IteratorResult<RawEntry>;
  try {
    first = batches.next();
  } catch (error) {
    if (error instanceof KernelError && lacksLookup.has(error.errno)) return false;
    throw error;
  }
  if (first.done) return true;
  yield first.value;
  yield* batches;
  return true;
}

/**
 * Kinds whose batches neither repeat nor skip when entries vanish: hashes go by bucket, the indexes
 * of arrays stay. A trie's batch goes by key, and starts again where that key has gone.
 */
const batchedKinds = new Set<MapKind>(['hash', 'lruHash', 'perCpuHash', 'array', 'perCpuArray']);
const lacksLookup = new Set<number>([Errno.ENOTSUPP, Errno.EOPNOTSUPP, Errno.EINVAL]);
