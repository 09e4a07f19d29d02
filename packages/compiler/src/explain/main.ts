/** `npm run explain -- FILE [name=value ...]`: source, IR and bytecode side by side. */
import { explain } from './explain.ts';

const [file, ...settings] = process.argv.slice(2);
if (!file) {
  process.stderr.write('usage: npm run explain -- FILE [loadTimeName=value ...]\n');
  process.exitCode = 2;
} else {
  const loadTime = Object.fromEntries(
    settings.map((setting) => {
      const [name = '', value = '1'] = setting.split('=');
      return [name, BigInt(value)];
    }),
  );
  const columns = process.stdout.columns ?? 160;
  const { text, compiled } = await explain(file, { loadTime, columns });
  (compiled ? process.stdout : process.stderr).write(`${text}\n`);
  if (!compiled) process.exitCode = 1;
}
