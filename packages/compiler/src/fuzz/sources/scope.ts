/** What a statement of a random program can see. */
import type { StructObject } from './places.ts';
import type { Condition, IntegerType, Term } from './terms.ts';

/** A local variable, parameter or counter. */
export interface LocalInteger {
  readonly name: string;
  readonly type: IntegerType;
  /** `counter`: read only, and perhaps known when compiling. */
  readonly role: 'variable' | 'fixed' | 'counter';
}

/** A function that expressions can call. */
export interface CalledFunction {
  readonly name: string;
  readonly parameters: readonly IntegerType[];
  readonly result: IntegerType;
  readonly call: (values: readonly Term[]) => Term['value'];
  readonly takesContext: boolean;
}

/** One block's view: what an inner block adds is not seen outside. */
export class Scope {
  integers: LocalInteger[] = [];
  booleans: string[] = [];
  objects: StructObject[] = [];
  functions: CalledFunction[] = [];
  /** Labels of the loops around, the innermost last. */
  labels: string[] = [];
  /** Maps of which an entry is held: they are not written meanwhile. */
  held: string[] = [];
  /** In the body of a lock: no calls. */
  isLocked = false;
  /** In a function that expressions call: no effects beyond its own variables. */
  isPure = false;
  /** Whether `ctx` is there. */
  hasContext = true;
  /** In a function: its result. */
  result: IntegerType = 'u32';
  /** Whether a statement may end the program or the function. */
  canReturn = true;
  /** How deep expressions are at most: the verifier walks those of a loop again and again. */
  depthMax = 3;
  /** In the program itself, outside of loops. */
  canTailCall = true;

  inner(changes: Partial<Scope> = {}): Scope {
    const made = new Scope();
    Object.assign(made, this);
    made.integers = [...this.integers];
    made.booleans = [...this.booleans];
    made.objects = [...this.objects];
    made.labels = [...this.labels];
    made.held = [...this.held];
    return Object.assign(made, changes);
  }
}

/** Where random text gets names that no two of a program share. */
export class Names {
  private count = 0;
  constructor(private readonly prefix: string) {}
  next(kind: string): string {
    return `${this.prefix}${kind}${this.count++}`;
  }
}

/** A condition that is written as it is meant. */
export function condition(text: string, holds: Condition['holds']): Condition {
  return { text, holds };
}
