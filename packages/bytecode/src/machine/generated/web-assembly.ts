/**
 * The part of WebAssembly's JavaScript interface that the machine uses: the project's TypeScript
 * knows Node and the language, not the browser.
 *
 * @source https://webassembly.github.io/spec/js-api/
 */

/** A memory that grows in place: views taken before stay valid, because it is shared. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  /** By pages of 64 KiB. @throws RangeError beyond the maximum */
  grow(pages: number): number;
}

/** Code that is ready to be instantiated, any number of times. */
export type WasmModule = object;

interface WasmInterface {
  readonly Memory: new (limits: {
    initial: number;
    maximum: number;
    shared: boolean;
  }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

/** `undefined` where the host has none. */
export const webAssembly = (globalThis as { readonly WebAssembly?: WasmInterface }).WebAssembly;

/**
 * Why code cannot be generated here, `undefined` where it can. Pages may forbid it by a content
 * security policy without `wasm-unsafe-eval`.
 */
export function whyNotGenerated(): string | undefined {
  if (!webAssembly) return 'this host has no WebAssembly';
  try {
    const magicAndVersion = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    new webAssembly.Module(magicAndVersion);
    new webAssembly.Memory({ initial: 0, maximum: 1, shared: true });
    return undefined;
  } catch (error) {
    return `this host refuses to generate code: ${(error as Error).message}`;
  }
}
