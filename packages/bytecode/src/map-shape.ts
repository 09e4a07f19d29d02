/** From the declaration that a program imports to the shape that kernel and machine know. */
import { type MapDeclaration, MemoryMap, type StructLayout } from '@skep/ebpf';
import type { MapShape } from './object.ts';

interface Sized {
  readonly size: number;
}

/** Bytes as JSON can hold them. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

/** What `toBase64` wrote. @throws Error for other text */
export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** The shape of a declared map; of a map of maps with the shape of its inner maps. */
export function mapShapeOf(declaration: MapDeclaration): MapShape {
  const { name, kind, maxEntries, flags } = declaration;
  const key = declaration.key as Sized | null;
  const value = declaration.value as Sized | null;
  const inner = (declaration as { readonly inner?: MapDeclaration }).inner;
  const fields = (declaration.value as Partial<StructLayout> | null)?.fields ?? [];
  const kernelFields = fields.flatMap(({ offset, field }) => {
    const type = (field as { readonly kernelName?: string }).kernelName;
    return type === undefined ? [] : [{ type, offset }];
  });
  const memory = declaration instanceof MemoryMap ? declaration : undefined;
  return {
    name,
    kind,
    keySize: key?.size ?? 0,
    valueSize: value?.size ?? 0,
    maxEntries,
    flags,
    ...(inner ? { inner: mapShapeOf(inner) } : {}),
    ...(kernelFields.length > 0 ? { kernelFields } : {}),
    ...(memory ? { contents: toBase64(memory.contents), isFrozen: memory.isFrozen } : {}),
  };
}
