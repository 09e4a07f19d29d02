import { hasFeature } from './features.ts';

/**
 * What this kernel can do that the compiler's code generation asks about: give it as `target` to
 * `compileProgram` of `@skep/compiler`.
 *
 * @throws InconclusiveProbeError
 */
export function codeTarget(): { readonly mayGoto: boolean; readonly numberIterators: boolean } {
  return { mayGoto: hasFeature('may_goto'), numberIterators: hasFeature('number iterators') };
}
