/** In the guest: loads the programs of the folder that is named, and prints their sizes as JSON. */
import { measurePrograms } from './load-programs.ts';
import { readPrograms } from './program-folder.ts';

console.log(JSON.stringify(measurePrograms(readPrograms(process.argv[2]!))));
