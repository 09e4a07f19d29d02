import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, test } from 'node:test';
import { LABS_DIRECTORY, LabRecord, listLabs } from './lab-record.ts';

const NAME = `record${process.pid}`;

/** Why records cannot be written here; false where they can. */
function cannotWrite(): string | false {
  try {
    const nearest = ['/run/skep/labs', '/run/skep', '/run'].find(existsSync) ?? '/run';
    accessSync(nearest, constants.W_OK);
    return false;
  } catch {
    return `${LABS_DIRECTORY} cannot be written by this user`;
  }
}

/** What is written, with changes: as a lab of another process would have left it. */
function rewrite(changes: object): void {
  const file = join(LABS_DIRECTORY, NAME, 'lab.json');
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...changes }));
}

describe('the record of a lab', { skip: cannotWrite() }, () => {
  afterEach(() => LabRecord.read(NAME)?.remove());

  test('is there for whoever reads it, until it is removed', () => {
    assert.equal(LabRecord.read(NAME), undefined);
    const record = LabRecord.create(NAME)!;
    assert.equal(LabRecord.create(NAME), undefined, 'a second one');
    record.addNamespace(`skep-${NAME}-never-made`);
    const read = LabRecord.read(NAME);
    assert.equal(read?.isOwned, true);
    assert.equal(read.socket, join(LABS_DIRECTORY, NAME, 'agent.sock'));
    assert.equal(statSync(read.directory).mode & 0o777, 0o700);
    assert.ok(listLabs().includes(NAME));
    read.remove();
    assert.equal(existsSync(record.directory), false);
    assert.equal(listLabs().includes(NAME), false);
    read.remove();
  });

  test('whose owner is about to take it away says so, once it is gone no more', () => {
    const record = LabRecord.create(NAME)!;
    assert.equal(LabRecord.read(NAME)!.isEnding, false);
    record.announceEnd();
    assert.equal(LabRecord.read(NAME)!.isEnding, true);
    record.remove();
    record.announceEnd();
    assert.equal(LabRecord.read(NAME), undefined);
  });

  test('a process that has its number but not its start time is not its owner', () => {
    const record = LabRecord.create(NAME)!;
    const { owner } = JSON.parse(readFileSync(join(record.directory, 'lab.json'), 'utf8'));
    rewrite({ owner: { ...owner, startTicks: '1' } });
    assert.equal(LabRecord.read(NAME)!.isOwned, false);
  });

  const damages = [
    { name: 'no JSON', text: '{bad', want: /\/lab\.json: not JSON$/ },
    { name: 'another shape', text: '{"name":"shop"}', want: /\/lab\.json: 'owner' is not as labs/ },
    { name: 'no object', text: '[]', want: /\/lab\.json: it is not as labs write it$/ },
    {
      name: 'no process',
      text: '{"owner":{"pid":0,"startTicks":"1","bootId":"x"},"namespaces":[],"processes":[]}',
      want: /\/lab\.json: 'owner\.pid' is not as labs/,
    },
  ];
  for (const { name, text, want } of damages) {
    test(`one that is damaged (${name}) says so, hides no other, and is removed`, async () => {
      const { directory } = LabRecord.create(NAME)!;
      writeFileSync(join(directory, 'lab.json'), text);
      const record = LabRecord.read(NAME)!;
      assert.match(record.damage!, want);
      assert.equal(record.isOwned, false);
      assert.ok(listLabs().includes(NAME));
      await record.end();
      assert.equal(existsSync(directory), false);
    });
  }

  test('what is no folder of labs is no lab', () => {
    for (const name of ['..', '../labs', `${NAME}/../${NAME}`]) {
      assert.equal(LabRecord.read(name), undefined);
    }
  });

  test('who may not look is told so', { skip: process.geteuid?.() !== 0 && 'needs root' }, () => {
    LabRecord.create(NAME);
    process.seteuid!(65534);
    try {
      const want = {
        code: 'ERR_UNREADABLE_FILE',
        message: `read ${LABS_DIRECTORY}: permission denied`,
      };
      assert.throws(() => listLabs(), want);
      assert.throws(() => LabRecord.read(NAME), want);
    } finally {
      process.seteuid!(0);
    }
  });

  test('its processes are killed, and none that only has the number of one', async () => {
    const sleeper = spawn('sleep', ['60']);
    const gone = once(sleeper, 'exit');
    const record = LabRecord.create(NAME)!;
    record.addProcess(sleeper.pid!);
    const { processes } = JSON.parse(readFileSync(join(record.directory, 'lab.json'), 'utf8'));
    rewrite({ processes: [{ ...processes[0], startTicks: '1' }] });
    LabRecord.read(NAME)!.remove();
    assert.deepEqual([sleeper.exitCode, sleeper.signalCode], [null, null]);
    const again = LabRecord.create(NAME)!;
    again.addProcess(sleeper.pid!);
    again.remove();
    assert.deepEqual(await gone, [null, 'SIGKILL']);
  });
});
