/** Makes a program that fails as short as it still fails. */
import { checkCase, type Engine } from '../check-case.ts';
import type { FuzzWorld, Variant } from '../fuzz-case.ts';
import { FrontEndRefusal, type SourceFolder } from './compile-sources.ts';
import { moduleText, type Source } from './make-source.ts';
import { makeSourceCase } from './source-case.ts';
import type { Step } from './step.ts';

/** What it takes to see whether a program fails. */
export interface ShortenOptions {
  readonly folder: SourceFolder;
  readonly world: FuzzWorld;
  readonly engines: readonly Engine[];
  readonly ways: readonly Variant[];
}

/** Attempts are whole compilations. */
const attemptsMax = 200;

/** Takes statements away, one after the other, while it fails. @returns the module */
export async function shorten(source: Source, options: ShortenOptions): Promise<string> {
  let attempts = attemptsMax;
  const fails = async (): Promise<boolean> => {
    if (attempts-- <= 0) return false;
    try {
      const program = (await options.folder.compile([source])).get(source.name)!;
      const one = makeSourceCase(source, program, options.world);
      return one !== null && checkCase(one, options.engines, options.ways).failures.length > 0;
    } catch (error) {
      // A variable is used whose declaration was taken away.
      if (error instanceof FrontEndRefusal) return false;
      throw error;
    }
  };
  const pending = [...source.blocks];
  for (let block = pending.shift(); block; block = pending.shift()) {
    await shortenBlock(block, fails);
    pending.push(...block.flatMap(({ blocks }) => blocks));
  }
  return moduleText([source]);
}

async function shortenBlock(block: Step[], fails: () => Promise<boolean>): Promise<void> {
  for (let at = block.length - 1; at >= 0; at--) {
    const [step] = block.splice(at, 1);
    if (!(await fails())) block.splice(at, 0, step!);
  }
}
