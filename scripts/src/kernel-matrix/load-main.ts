/** In the guest: loads the programs of the files that are named, and prints their sizes as JSON. */
import { readFileSync } from 'node:fs';
import { parseObject } from '@skep/bytecode';
import { measurePrograms } from './load-programs.ts';

const objects = process.argv.slice(2).map((file) => parseObject(readFileSync(file)));
console.log(JSON.stringify(measurePrograms(objects)));
