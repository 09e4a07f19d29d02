/** Constants that the loader binds when it loads a program; dead branches vanish before the kernel sees them. */
import type { AnyInteger, ValueOf } from './struct.ts';

export class LoadTime {
  constructor(readonly fields: Readonly<Record<string, AnyInteger>>) {}
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
