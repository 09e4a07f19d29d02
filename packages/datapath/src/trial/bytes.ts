/** A value as the bytes of a table. */
import { codecOf, type Encodable, type Field, type ValueOf } from '@skep/ebpf';

/** Encodes a value by its layout into bytes of their own. */
export function bytesOf<F extends Field>(field: F, value: Encodable<ValueOf<F>>): Uint8Array {
  const bytes = new Uint8Array(field.size);
  codecOf(field).encode(value, bytes);
  return bytes;
}
