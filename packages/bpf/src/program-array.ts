/** Slots of program arrays and of maps of maps: what they hold are other objects, not bytes. */
import { Errno, type Fd, KernelError } from '@skep/sys';
import { MapArgumentError } from './errors.ts';
import type { BpfMap } from './map.ts';

/**
 * Puts a program into a slot of a program array; a tail call finds it from then on. The array keeps
 * the program alive.
 *
 * @throws KernelError: EINVAL when the program is of another type than those that use the array
 */
export function setProgram(array: BpfMap, index: number, program: Fd<'program'>): void {
  requireKind(array, ['programArray']);
  array.update(indexKey(array, index), descriptorValue(program));
}

/** Empties a slot: a tail call falls through. False where it was empty. @throws KernelError */
export function clearProgram(array: BpfMap, index: number): boolean {
  requireKind(array, ['programArray']);
  return array.delete(indexKey(array, index));
}

/**
 * Puts a map into a slot of an array of maps. The outer map keeps it alive. Programs that run
 * meanwhile see either the old or the new one.
 *
 * @throws KernelError: EINVAL when its shape is not the inner shape
 */
export function setInnerMap(outer: BpfMap, key: number | Uint8Array, inner: BpfMap): void {
  requireKind(outer, ['arrayOfMaps', 'hashOfMaps']);
  const bytes = typeof key === 'number' ? indexKey(outer, key) : key;
  try {
    outer.update(bytes, descriptorValue(inner.fd));
  } catch (cause) {
    if (!(cause instanceof KernelError) || cause.errno !== Errno.EINVAL) throw cause;
    const detail = `map ${inner.name} put in`;
    const advice = 'its kind, sizes and flags must be those of the inner shape';
    const subject = outer.name;
    throw new KernelError('update map', cause.errno, { subject, detail, advice, cause });
  }
}

/** Takes a map out of a slot; false where there was none. @throws KernelError */
export function clearInnerMap(outer: BpfMap, key: number | Uint8Array): boolean {
  requireKind(outer, ['arrayOfMaps', 'hashOfMaps']);
  return outer.delete(typeof key === 'number' ? indexKey(outer, key) : key);
}

/** The number of the program or map in a slot, as `readInfo` gives it. @throws KernelError */
export function heldId(holder: BpfMap, key: number | Uint8Array): number | undefined {
  requireKind(holder, ['programArray', 'arrayOfMaps', 'hashOfMaps']);
  const bytes = typeof key === 'number' ? indexKey(holder, key) : key;
  const value = holder.lookupShared(bytes);
  return value && new DataView(value.buffer, value.byteOffset).getUint32(0, true);
}

function requireKind(map: BpfMap, kinds: readonly string[]): void {
  if (kinds.includes(map.shape.kind)) return;
  throw new MapArgumentError(map.name, 'kind', map.shape.kind, kinds.join(' or '));
}

function indexKey(map: BpfMap, index: number): Uint8Array {
  const { maxEntries, name } = map.shape;
  if (!Number.isInteger(index) || index < 0 || index >= maxEntries) {
    throw new MapArgumentError(name, 'index', index, `0 to ${maxEntries - 1}`);
  }
  return new Uint8Array(new Uint32Array([index]).buffer);
}

function descriptorValue(fd: Fd<'program' | 'map'>): Uint8Array {
  return new Uint8Array(new Uint32Array([fd.number]).buffer);
}
