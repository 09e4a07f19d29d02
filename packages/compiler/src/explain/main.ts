/**
 * `npm run explain -- [--watch] FILE [name=value ...]`: source, IR and bytecode side by side; with
 * `--watch` again after each change.
 */
import { explain } from './explain.ts';
import { watchFile } from './watch.ts';

const CLEAR = '\u001b[2J\u001b[H';
const parameters = process.argv.slice(2);
const watches = parameters.includes('--watch');
const [file, ...settings] = parameters.filter((each) => each !== '--watch');

if (!file) {
  process.stderr.write('usage: npm run explain -- [--watch] FILE [loadTimeName=value ...]\n');
  process.exitCode = 2;
} else if (watches) {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const report = (error: Error): void => void process.stderr.write(`${error.message}\n`);
  const again = async (): Promise<void> => {
    if (process.stdout.isTTY) process.stdout.write(CLEAR);
    await show(file);
  };
  await watchFile(file, again, report, stop.signal);
} else if (!(await show(file))) {
  process.exitCode = 1;
}

/** Whether it compiled. */
async function show(name: string): Promise<boolean> {
  const loadTime = Object.fromEntries(
    settings.map((setting) => {
      const [key = '', value = '1'] = setting.split('=');
      return [key, BigInt(value)];
    }),
  );
  const columns = process.stdout.columns ?? 160;
  const { text, compiled } = await explain(name, { loadTime, columns });
  (compiled ? process.stdout : process.stderr).write(`${text}\n`);
  return compiled;
}
