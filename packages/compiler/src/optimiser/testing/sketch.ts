/** Small functions for tests of the optimiser: what is built, and what is left of it as text. */
import { FunctionBuilder } from '../../ir/builder.ts';
import type { Space, Value } from '../../ir/ir.ts';
import { printFunction } from '../../ir/print.ts';
import { optimise } from '../optimise.ts';
import type { Passes } from '../passes.ts';

/** An access, by its parts. */
export const at = (space: Space, offset: number, size: 1 | 2 | 4 | 8) => ({ space, offset, size });

/** Builds, optimises, and gives the lines between the function's head and its end, joined. */
export function optimised(build: (builder: Sketch) => void, passes: Partial<Passes> = {}): string {
  const sketch = new Sketch('f');
  build(sketch);
  const made = sketch.finish();
  optimise(made, { passes, verifies: true });
  const lines = printFunction(made).split('\n').slice(1);
  return renumber(lines.map((line) => line.trim()).join('; '));
}

/**
 * Values and blocks numbered in the order in which they occur, so that the text says what is left.
 */
function renumber(text: string): string {
  const names = new Map<string, string>();
  const counts = { v: 0, b: 0 };
  return text.replace(/\b([vb])\d+/g, (name, kind: 'v' | 'b') => {
    const known = names.get(name) ?? `${kind}${counts[kind]++}`;
    names.set(name, known);
    return known;
  });
}

/** A builder with short words for what these tests need. */
export class Sketch extends FunctionBuilder {
  private readonly argument = this.parameter(0);

  /** A number that nothing is known of. */
  get any64(): Value {
    return this.argument;
  }
  get any32(): Value {
    return this.resize(this.argument, 32);
  }
  loaded(size: 1 | 2 | 4 | 8, offset = 0): Value {
    return this.load(this.argument, at('map', offset, size));
  }
  c(bits: number | bigint, width: 32 | 64 = 32): Value {
    return this.constant(bits, width);
  }
}
