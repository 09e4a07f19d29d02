import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { installPlugin, networksOf, type PluginFolders, uninstallPlugin } from './plugin-files.ts';

const NETWORK = {
  name: 'shop',
  socket: '/run/x.sock',
  cniVersion: '1.0.0',
  labels: { app: 'shop' },
  hasPortMappings: true,
};

function newFolders(t: TestContext): PluginFolders {
  const folder = mkdtempSync(join(tmpdir(), 'skep-install-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return { binDir: join(folder, 'deep/bin'), confDir: join(folder, 'net.d') };
}

test('what is installed can be called, and is taken away again', (t) => {
  const folders = newFolders(t);
  const paths = installPlugin(folders, NETWORK);
  const [program, configuration] = paths as [string, string];
  assert.deepEqual(paths, [
    join(folders.binDir, 'skep-cni'),
    join(folders.confDir, '10-shop.conflist'),
  ]);
  assert.equal(statSync(program).mode & 0o777, 0o755);
  const env = { CNI_COMMAND: 'VERSION', PATH: '/nowhere' };
  const { stdout } = spawnSync(program, { env, input: '{"cniVersion":"1.0.0"}', encoding: 'utf8' });
  assert.match(stdout, /"supportedVersions"/);
  assert.deepEqual(JSON.parse(readFileSync(configuration, 'utf8')), {
    cniVersion: '1.0.0',
    name: 'shop',
    plugins: [
      {
        type: 'skep-cni',
        socket: '/run/x.sock',
        labels: { app: 'shop' },
        capabilities: { ips: true, mac: true, dns: true },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
  installPlugin(folders, { ...NETWORK, hasPortMappings: false });
  assert.equal(JSON.parse(readFileSync(configuration, 'utf8')).plugins.length, 1);
  assert.deepEqual(uninstallPlugin(folders, 'shop'), [configuration, program]);
  assert.deepEqual(uninstallPlugin(folders, 'shop'), []);
  assert.deepEqual([readdirSync(folders.binDir), readdirSync(folders.confDir)], [[], []]);
});

test('the program stays for as long as a network needs it', (t) => {
  const folders = newFolders(t);
  installPlugin(folders, NETWORK);
  const [program, configuration] = installPlugin(folders, { ...NETWORK, name: 'bank' });
  assert.deepEqual(uninstallPlugin(folders, 'bank'), [configuration]);
  assert.deepEqual(uninstallPlugin(folders, 'shop').at(-1), program);
});

test("somebody else's files stay, and nothing is written beside them", (t) => {
  const folders = newFolders(t);
  const [program, configuration] = installPlugin(folders, NETWORK) as [string, string];
  const foreign = '{"name":"shop","plugins":[{"type":"bridge"}]}';
  for (const path of [configuration, program]) {
    uninstallPlugin(folders, 'shop');
    writeFileSync(path, path === program ? '#!/bin/sh\n' : foreign);
    chmodSync(path, 0o600);
    const message = new RegExp(`plugin: ${path} was not written by skep`);
    assert.throws(() => installPlugin(folders, NETWORK), { code: 'ERR_COMMAND', message });
    assert.throws(() => uninstallPlugin(folders, 'shop'), { code: 'ERR_COMMAND', message });
    const left = [...readdirSync(folders.binDir), ...readdirSync(folders.confDir)];
    assert.equal(left.length, 1);
    rmSync(path);
  }
});

test('a name that is a path is refused', (t) => {
  const folders = newFolders(t);
  const network = { ...NETWORK, name: '../shop' };
  assert.throws(() => installPlugin(folders, network), { message: /^network '\.\.\/shop'/ });
  assert.throws(() => uninstallPlugin(folders, 'a/b'), { code: 'ERR_COMMAND' });
});

test('a node that no script can name is refused', (t) => {
  const folders = newFolders(t);
  assert.throws(() => installPlugin(folders, NETWORK, '/my node'), { message: /link node/ });
});

test('what else is in the folder of networks is nobody’s business', (t) => {
  const folders = newFolders(t);
  const [program, configuration] = installPlugin(folders, NETWORK) as [string, string];
  mkdirSync(join(folders.confDir, 'multus.d'));
  writeFileSync(join(folders.confDir, 'README'), 'skep-cni is described elsewhere');
  assert.deepEqual(uninstallPlugin(folders, 'shop'), [configuration, program]);

  installPlugin(folders, NETWORK);
  symlinkSync('/nowhere', join(folders.confDir, '20-broken.conflist'));
  assert.deepEqual(uninstallPlugin(folders, 'shop'), [configuration], 'it may name the program');
});

test('the networks of an agent are told by its socket', (t) => {
  const folders = newFolders(t);
  assert.deepEqual(networksOf(folders, '/run/x.sock'), []);
  for (const name of ['shop', 'lab']) installPlugin(folders, { ...NETWORK, name });
  installPlugin(folders, { ...NETWORK, name: 'other', socket: '/run/y.sock' });
  writeFileSync(join(folders.confDir, '10-broken.conflist'), '{');
  writeFileSync(join(folders.confDir, '10-null.conflist'), 'null');
  assert.deepEqual(networksOf(folders, '/run/x.sock'), ['lab', 'shop']);
});
