/** Programs that grow: filters of more and more terms. */
import { compileFilter, matchingProgram } from '@skep/capture-filter';
import type { IrProgram } from '@skep/compiler';

/** Headers of both families, masks and branches: for each term some twelve values. */
export function filterOf(terms: number): IrProgram {
  const each = Array.from({ length: terms }, (_, index) => {
    const address = `10.${index >> 8}.${index & 0xff}.1`;
    return `(src host ${address} and dst port ${1024 + index})`;
  });
  const filter = compileFilter(each.join(' or '));
  return matchingProgram(filter, { hook: 'xdp', name: 'filter', onMatch: 1, onMiss: 2 });
}

/** How many values the IR has: what a compile's time is measured by. */
export function valuesOf({ functions }: IrProgram): number {
  const blocks = functions.flatMap((made) => made.blocks);
  return blocks.reduce((sum, block) => sum + block.values.length, 0);
}
