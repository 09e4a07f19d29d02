/** `npm run explain -- FILE`: source, IR and bytecode side by side. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { explain, watchFile } from '@skep/compiler/explain';
import { InvalidArgumentError } from 'commander';
import { commandLine } from './command-line.ts';
import { projectRoot } from './project.ts';

const CLEAR = '\u001b[2J\u001b[H';
/** Of a terminal that does not say how wide it is. */
const COLUMNS = 160;

type LoadTime = Readonly<Record<string, bigint>>;

/** @returns 0 where it compiled; with `--watch` when Ctrl-C has ended it */
export async function runExplain(parameters: readonly string[]): Promise<number> {
  const command = commandLine('explain', 'a program as source, IR and bytecode, side by side')
    .argument('<file>', 'a module with kernel programs', existingModule)
    .argument('[NAME=VALUE...]', 'load-time constants; 0 where not given', addSetting)
    .option('--watch', 'again after each change, until Ctrl-C')
    .parse(parameters, { from: 'user' });
  const [file, loadTime = {}] = command.processedArgs as [string, LoadTime | undefined];
  if (command.opts<{ watch?: true }>().watch) return await showAgain(file, loadTime);
  return (await show(file, loadTime)) ? 0 : 1;
}

/** From where npm was called. */
function existingModule(name: string): string {
  const file = resolve(process.env.INIT_CWD ?? projectRoot, name);
  if (!existsSync(file)) throw new InvalidArgumentError('There is no such file.');
  if (!/\.[cm]?ts$/.test(file) || !statSync(file).isFile()) {
    throw new InvalidArgumentError('Expected a module of TypeScript (.ts).');
  }
  return file;
}

/** Adds `NAME=NUMBER` to what is there. @throws InvalidArgumentError */
export function addSetting(text: string, before: LoadTime = {}): LoadTime {
  const [, name, value] = /^([A-Za-z_]\w*)=(0x[0-9a-fA-F]+|[0-9]+)$/.exec(text) ?? [];
  if (!name) throw new InvalidArgumentError('Expected NAME=NUMBER, such as limit=60.');
  return { ...before, [name]: BigInt(value!) };
}

async function showAgain(file: string, loadTime: LoadTime): Promise<number> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const report = (error: Error): void => void process.stderr.write(`${error.message}\n`);
  const again = async (): Promise<void> => {
    if (process.stdout.isTTY) process.stdout.write(CLEAR);
    await show(file, loadTime);
  };
  await watchFile(file, again, report, stop.signal);
  return 0;
}

/** Whether it compiled. */
async function show(file: string, loadTime: LoadTime): Promise<boolean> {
  const columns = process.stdout.columns ?? COLUMNS;
  const folder = process.env.INIT_CWD ?? projectRoot;
  const { text, compiled } = await explain(file, { folder, loadTime, columns });
  (compiled ? process.stdout : process.stderr).write(`${text}\n`);
  return compiled;
}
