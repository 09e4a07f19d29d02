/** Programs as files: how the host hands them to a guest. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseObject, serialiseObject } from '@skep/bytecode';
import type { Form, FormedProgram } from './forms.ts';

/** What is in a file. */
interface Contents {
  readonly name: string;
  readonly form: Form;
  /** As `serialiseObject` has it. */
  readonly object: string;
}

/** A file for each, in their order. */
export function writePrograms(folder: string, programs: readonly FormedProgram[]): void {
  for (const [index, { name, form, object }] of programs.entries()) {
    const contents: Contents = {
      name,
      form,
      object: Buffer.from(serialiseObject(object)).toString(),
    };
    const file = `${String(index).padStart(4, '0')}.json`;
    writeFileSync(join(folder, file), JSON.stringify(contents));
  }
}

/** What `writePrograms` has written. */
export function readPrograms(folder: string): FormedProgram[] {
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      const { name, form, object } = JSON.parse(text) as Contents;
      return { name, form, object: parseObject(Buffer.from(object)) };
    });
}
