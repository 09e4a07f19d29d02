/**
 * Constants that the loader binds when it loads a program; dead branches vanish before the kernel
 * sees them.
 */
import type { AnyInteger, ValueOf } from './struct.ts';

/** The declaration behind `loadTime`: which constants there are, not their values. */
export class LoadTime {
  /** Reading a constant in node is an error: it has a value only in a loaded program. */
  constructor(readonly fields: Readonly<Record<string, AnyInteger>>) {
    for (const name of Object.keys(fields)) {
      if (name === 'fields') throw new TypeError(`load-time constant '${name}': the name is taken`);
      const get = (): never => {
        throw new Error(`load-time constant ${name}: has a value only in a loaded program`);
      };
      Object.defineProperty(this, name, { get, enumerable: true });
    }
  }
}

/**
 * Declares load-time constants; a kernel program reads them as plain properties.
 *
 * @example export const config = loadTime({ endpointId: u32 });
 */
export function loadTime<F extends Record<string, AnyInteger>>(
  fields: F,
): { readonly [K in keyof F]: ValueOf<F[K]> } {
  return new LoadTime(fields) as unknown as { readonly [K in keyof F]: ValueOf<F[K]> };
}
