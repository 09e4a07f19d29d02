/** Compiles the hooks to IR: run by the build, so that no node needs the TypeScript compiler. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type IrProgram, prepareProgram, writePrograms } from '@skep/compiler';
import { compileModule, formatDiagnostics } from '@skep/compiler/front-end';

const HOOKS = ['from-endpoint', 'to-endpoint', 'decided', 'from-network', 'to-network'];
const FOLDER = fileURLToPath(new URL('..', import.meta.url));

const programs: IrProgram[] = [];
for (const hook of HOOKS) {
  const compiled = await compileModule(`${FOLDER}src/hooks/${hook}.ts`, { folder: FOLDER });
  if (compiled.diagnostics.length > 0) {
    process.stderr.write(formatDiagnostics(compiled.diagnostics));
    process.exitCode = 1;
  }
  programs.push(...compiled.programs);
}
if (process.exitCode === undefined) {
  for (const program of programs) prepareProgram(program);
  writeFileSync(new URL('./programs.json', import.meta.url), writePrograms(programs));
}
