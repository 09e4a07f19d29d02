/** Maps whose values are maps. */
import type { u32 } from '../integers.ts';
import { u32 as u32Field } from '../integers.ts';
import type { AnyInteger } from '../struct.ts';
import type { Key, KeyLayout, MapOptions } from './declaration.ts';
import { MapDeclaration } from './declaration.ts';
import { kernelOnly } from './kernel-only.ts';

/** Maps in an array, all of the shape of `inner`. @alias BPF_MAP_TYPE_ARRAY_OF_MAPS */
export class ArrayOfMaps<M extends MapDeclaration> extends MapDeclaration<AnyInteger, AnyInteger> {
  readonly kind = 'arrayOfMaps';
  readonly inner: M;
  constructor(options: MapOptions & { readonly inner: M }) {
    super(u32Field, u32Field, options);
    this.inner = options.inner;
  }
  lookup(_index: u32): M | null {
    return kernelOnly();
  }
}

/** Maps in a hash, all of the shape of `inner`. @alias BPF_MAP_TYPE_HASH_OF_MAPS */
export class HashOfMaps<K extends KeyLayout, M extends MapDeclaration> extends MapDeclaration<
  K,
  AnyInteger
> {
  readonly kind = 'hashOfMaps';
  readonly inner: M;
  constructor(options: MapOptions & { readonly key: K; readonly inner: M }) {
    super(options.key, u32Field, options);
    this.inner = options.inner;
  }
  lookup(_key: Key<K>): M | null {
    return kernelOnly();
  }
}
