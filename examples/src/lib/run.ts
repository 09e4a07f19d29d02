/** What every example does first: compile the kernel programs of its own file. */
import { fileURLToPath } from 'node:url';
import type { ProgramObject } from '@skep/bytecode';
import { compileProgram } from '@skep/compiler';
import { compileModule, formatDiagnostics } from '@skep/compiler/front-end';

/** The compiled programs of a module, by the names of their functions. */
export type Programs = (name: string) => ProgramObject;

/**
 * Compiles the programs of the example and calls `main` with them, if the example is what node was
 * started with.
 *
 * It answers nothing to wait for: compiling imports the example once more, which for a module that
 * waits at its top level would never end.
 *
 * @param url the example's `import.meta.url`.
 */
export function runExample(url: string, main: (programs: Programs) => void | Promise<void>): void {
  const built = fileURLToPath(url);
  if (process.argv[1] !== built) return;
  const source = built.replace(/\/dist\/([\w-]+)\.js$/, '/src/$1.ts');
  compile(source)
    .then(main)
    .catch((error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    });
}

async function compile(source: string): Promise<Programs> {
  const { programs, diagnostics } = await compileModule(source);
  if (diagnostics.length > 0) throw new Error(formatDiagnostics(diagnostics));
  return (name) => {
    const program = programs.find((one) => one.name === name);
    const names = programs.map((one) => one.name).join(', ');
    if (!program) throw new Error(`program ${name}: expected one of ${names}`);
    return compileProgram(program);
  };
}
