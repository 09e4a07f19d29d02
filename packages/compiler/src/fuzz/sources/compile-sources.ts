/** Random programs through the front end: written into a folder of their own, compiled, removed. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileModule } from '../../front-end/compile.ts';
import type { IrProgram } from '../../ir/ir.ts';
import { moduleText, type Source } from './make-source.ts';

/** Where `@skep/compiler` and its kin are found, from dist/fuzz/sources of this package. */
const packages = join(import.meta.dirname, '../../../../../node_modules/@skep');

/** A folder for generated modules; `close` removes it. */
export class SourceFolder {
  private readonly folder = mkdtempSync(join(tmpdir(), 'skep-fuzz-'));
  private count = 0;

  constructor() {
    mkdirSync(join(this.folder, 'node_modules'));
    symlinkSync(packages, join(this.folder, 'node_modules', '@skep'));
    writeFileSync(join(this.folder, 'package.json'), '{ "type": "module" }\n');
  }

  /**
   * Compiles the programs, in one module: most of the time goes into a module, not into a program.
   *
   * @returns the IR by the programs' names
   * @throws Error with what the front end refuses
   */
  async compile(sources: readonly Source[]): Promise<Map<string, IrProgram>> {
    const file = join(this.folder, `module${this.count++}.ts`);
    writeFileSync(file, moduleText(sources));
    const { programs, diagnostics } = await compileModule(file, { folder: this.folder });
    if (diagnostics.length > 0) {
      const texts = diagnostics.map(({ line, message }) => `line ${line}: ${message}`);
      throw new FrontEndRefusal(texts.join('\n'));
    }
    return new Map(programs.map((program) => [program.name, program]));
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** The front end refused what should be right. */
export class FrontEndRefusal extends Error {}
