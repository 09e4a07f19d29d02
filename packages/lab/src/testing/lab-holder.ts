/** The other process of the live tests: brings a lab up and waits for its end. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Lab } from '../lab.ts';
import { parseLab } from '../lab-file.ts';

const [file = '', name = ''] = process.argv.slice(2);
const spec = { ...parseLab(readFileSync(file, 'utf8'), file), name };

const lab = await Lab.up(spec, { baseDirectory: dirname(file) });
process.once('SIGINT', () => void lab.down().then(() => process.exit(0)));
process.send?.('up');
