import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { removeUnit } from './commands/install.ts';
import { findUnit, UNIT_NAME, unitText } from './systemd-unit.ts';
import { runSkep } from './testing/run-skep.ts';

const ANALYZE = '/usr/bin/systemd-analyze';
const cannotVerify = existsSync(ANALYZE) ? false : `${ANALYZE} is not there`;

describe('the unit', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'skep-unit-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('is one that systemd takes, without a warning', { skip: cannotVerify }, () => {
    const path = join(folder, UNIT_NAME);
    writeFileSync(path, unitText([process.execPath, '/tmp/a b/main.js', 'agent', '50%', '$x']));
    const said = execFileSync(ANALYZE, ['verify', path], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    assert.equal(said, '');
  });

  test('quotes the words of a command', () => {
    const text = unitText(['/usr/bin/node', '/a b/main.js', 'say "x"\\', '50%', '$HOME']);
    const [line] = text.split('\n').filter((each) => each.startsWith('ExecStart='));
    assert.equal(
      line,
      String.raw`ExecStart=/usr/bin/node "/a b/main.js" "say \"x\"\\" 50%% $$HOME`,
    );
  });

  test('is printed with the options that were given, and no others', async () => {
    const words = ['--print', '--metrics', '[::1]:9962', '--state', '/srv/skep state'];
    const { status, output } = await runSkep('install', ...words);
    assert.equal(status, 0);
    const [line] = output.split('\n').filter((each) => each.startsWith('ExecStart='));
    assert.match(line!, /main\.js agent --state "\/srv\/skep state" --metrics \[::1\]:9962$/);
  });

  test('is written, replaced and taken away', { skip: canUseBpf() ?? false }, async () => {
    const units = ['--units', folder];
    rmSync(join(folder, UNIT_NAME), { force: true });
    assert.equal((await runSkep('install', ...units)).status, 0);
    assert.equal(findUnit(folder), 'ours');
    const first = readFileSync(join(folder, UNIT_NAME), 'utf8');
    assert.equal((await runSkep('install', ...units, '--log-level', 'warn')).status, 0);
    assert.notEqual(readFileSync(join(folder, UNIT_NAME), 'utf8'), first);
    assert.equal(removeUnit(folder), true);
    assert.equal(removeUnit(folder), false);
    assert.equal(findUnit(folder), 'none');
  });

  test('of somebody else is left alone', { skip: canUseBpf() ?? false }, async () => {
    const path = join(folder, UNIT_NAME);
    writeFileSync(path, '[Service]\n');
    const { status, errors } = await runSkep('install', '--units', folder);
    assert.equal(status, 1);
    assert.match(errors, /^error: write .*skep-agent\.service: somebody else has made it \(/);
    assert.equal(removeUnit(folder), false);
    assert.equal(readFileSync(path, 'utf8'), '[Service]\n');
  });
});
