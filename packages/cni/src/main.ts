/** skep-cni: the build makes one file of this and all that it imports. */
import { readFileSync } from 'node:fs';
import { runPlugin } from './plugin.ts';

const STANDARD_INPUT = 0;

runPlugin(process.env, () => readFileSync(STANDARD_INPUT, 'utf8')).then(({ status, output }) => {
  process.stdout.write(output);
  process.exitCode = status;
});
