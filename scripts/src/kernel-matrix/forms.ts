/** Forms of code: of a long loop a kernel gets what it can run. All else is the same in each. */
import { isDeepStrictEqual } from 'node:util';
import type { ProgramObject } from '@skep/bytecode';
import { compileProgram, type IrProgram, loadTimeNames, type Target } from '@skep/compiler';

/** A program as kernels of one kind get it. */
export interface FormedProgram {
  /** Of its budget: the form stands behind it where the code is not what every kernel can run. */
  readonly name: string;
  readonly form: Form;
  readonly object: ProgramObject;
}

/** What a kernel must have for a form, the oldest kernels first. */
export const forms = {
  callbacks: { mayGoto: false, numberIterators: false },
  iterators: { mayGoto: false, numberIterators: true },
  may_goto: { mayGoto: true, numberIterators: true },
} as const satisfies Readonly<Record<string, Target>>;

/** One of them. */
export type Form = keyof typeof forms;

/** Code that every kernel takes. */
export function inOldestForm(object: ProgramObject, name = object.name): FormedProgram {
  return { name, form: 'callbacks', object };
}

/** The program in each form whose code differs from those before. */
export function allForms(program: IrProgram, name = program.name): FormedProgram[] {
  const loadTime = Object.fromEntries(loadTimeNames(program).map((each) => [each, 0]));
  const found: FormedProgram[] = [];
  for (const form of Object.keys(forms) as Form[]) {
    const object = compileProgram(program, { loadTime, target: forms[form] });
    if (found.some((other) => isDeepStrictEqual(other.object, object))) continue;
    found.push({ name: found.length === 0 ? name : `${name}, ${form}`, form, object });
  }
  return found;
}

/** Whether a kernel that has this can run the form. */
export function runsForm(has: Target, form: Form): boolean {
  const { mayGoto, numberIterators } = forms[form];
  return (has.mayGoto || !mayGoto) && (has.numberIterators || !numberIterators);
}
