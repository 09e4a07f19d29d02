/**
 * A process that compiles the largest program of the datapath: the first time with the IR still to
 * be read, and as often again as it is told. Prints the milliseconds of each, the first one first.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileProgram, parsePrograms } from '@skep/compiler';
import { largestProgram } from './largest-program.ts';

const path = join(import.meta.dirname, '../../../packages/datapath/dist/programs.json');
const text = readFileSync(path, 'utf8');
const again = Number(process.argv[2]);

const milliseconds = [];
let start = performance.now();
const program = parsePrograms(text).find(({ name }) => name === largestProgram.name);
if (!program) throw new Error(`program ${largestProgram.name}: not in ${path}`);
for (let run = 0; run <= again; run++) {
  compileProgram(program, { loadTime: largestProgram.loadTime });
  milliseconds.push(performance.now() - start);
  start = performance.now();
}
process.stdout.write(JSON.stringify(milliseconds));
