/** Labs that something has left, as the command line shows them and takes them away. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { LABS_DIRECTORY, labNamespace, LabRecord } from '@skep/lab';
import { createNamespace } from '@skep/netlink';
import { labTraces } from '../testing/lab-traces.ts';
import { runSkep } from '../testing/run-skep.ts';

const NAME = `left${process.pid}`;
const FILE = join(LABS_DIRECTORY, NAME, 'lab.json');

describe('a lab whose record is damaged', { skip: canUseBpf() ?? false }, () => {
  afterEach(() => LabRecord.read(NAME)?.remove());

  test('is listed with the name of the file, and taken away', async () => {
    mkdirSync(join(LABS_DIRECTORY, NAME), { recursive: true, mode: 0o700 });
    writeFileSync(FILE, '{bad');
    createNamespace(labNamespace(NAME, 'api'));
    const { output } = await runSkep('lab', 'list');
    const [line] = output.split('\n').filter((each) => each.startsWith(`${NAME} `));
    const want = `${NAME} damaged: ${FILE}: not JSON (\`skep lab down ${NAME}\`)`;
    assert.equal(line?.replace(/ +/, ' '), want);
    const down = await runSkep('lab', 'down', NAME);
    assert.deepEqual(down, { status: 0, output: `lab ${NAME} is gone\n`, errors: '' });
    assert.deepEqual(labTraces(NAME), []);
  });
});
