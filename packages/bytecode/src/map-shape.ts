/** From the declaration that a program imports to the shape that kernel and machine know. */
import type { MapDeclaration } from '@skep/ebpf';
import type { MapShape } from './object.ts';

interface Sized {
  readonly size: number;
}

/** The shape of a declared map; of a map of maps with the shape of its inner maps. */
export function mapShapeOf(declaration: MapDeclaration): MapShape {
  const { name, kind, maxEntries, flags } = declaration;
  const key = declaration.key as Sized | null;
  const value = declaration.value as Sized | null;
  const inner = (declaration as { readonly inner?: MapDeclaration }).inner;
  return {
    name,
    kind,
    keySize: key?.size ?? 0,
    valueSize: value?.size ?? 0,
    maxEntries,
    flags,
    ...(inner ? { inner: mapShapeOf(inner) } : {}),
  };
}
