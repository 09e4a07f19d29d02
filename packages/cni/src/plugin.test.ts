/** What the plugin refuses before it asks the agent, with the specification's number for it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pluginText } from './index.ts';
import { runPlugin } from './plugin.ts';
import { environmentOf } from './testing/runtime.ts';

const CONFIG = { cniVersion: '1.1.0', name: 'trial', type: 'skep-cni', socket: '/nowhere.sock' };
const ANNA = { containerId: 'anna', networkNamespace: '/proc/self/ns/uts' };

const REFUSED: readonly {
  name: string;
  command?: string;
  environment?: NodeJS.ProcessEnv;
  config?: object | string;
  code: number;
  message: RegExp;
}[] = [
  {
    name: 'a version of tomorrow',
    config: { ...CONFIG, cniVersion: '2.0.0' },
    code: 1,
    message: /^cniVersion "2\.0\.0": not supported$/,
  },
  {
    name: 'no version, which means one of long ago',
    config: { ...CONFIG, cniVersion: undefined },
    code: 1,
    message: /0\.2\.0/,
  },
  {
    name: 'a command that came later',
    command: 'CHECK',
    config: { ...CONFIG, cniVersion: '0.3.1' },
    code: 1,
    message: /^CHECK: not in cniVersion 0\.3\.1$/,
  },
  {
    name: 'GC before 1.1.0',
    command: 'GC',
    config: { ...CONFIG, cniVersion: '1.0.0' },
    code: 1,
    message: /^GC/,
  },
  {
    name: 'shaping of traffic',
    config: { ...CONFIG, runtimeConfig: { bandwidth: { ingressRate: 5 } } },
    code: 2,
    message: /^runtimeConfig\.bandwidth \{"ingressRate":5\}: not supported$/,
  },
  {
    name: 'port mappings in the wrong place',
    config: { ...CONFIG, runtimeConfig: { portMappings: [] } },
    code: 2,
    message: /portMappings/,
  },
  { name: 'an ipam plugin', config: { ...CONFIG, ipam: { type: 'x' } }, code: 2, message: /^ipam/ },
  {
    name: 'a misspelt key',
    config: { ...CONFIG, sokcet: '/x' },
    code: 2,
    message: /^sokcet "\/x"/,
  },
  {
    name: 'two addresses of a family',
    config: { ...CONFIG, runtimeConfig: { ips: ['10.0.0.1', '10.0.0.2/8'] } },
    code: 2,
    message: /at most one address of each family/,
  },
  { name: 'no command', environment: { CNI_COMMAND: '' }, code: 4, message: /^CNI_COMMAND ''/ },
  {
    name: 'what is missing, all of it',
    environment: { CNI_CONTAINERID: '', CNI_IFNAME: '' },
    code: 4,
    message: /^CNI_CONTAINERID, CNI_IFNAME: missing, ADD needs it$/,
  },
  {
    name: 'a path as container',
    environment: { CNI_CONTAINERID: '../x' },
    code: 4,
    message: /CONTAINERID/,
  },
  {
    name: 'an interface that cannot be',
    environment: { CNI_IFNAME: 'a/b' },
    code: 4,
    message: /IFNAME/,
  },
  {
    name: "the host's own namespace",
    environment: { CNI_NETNS: '/proc/self/ns/net' },
    code: 4,
    message: /it is the host's own/,
  },
  {
    name: 'arguments that nobody knows',
    environment: { CNI_ARGS: 'COLOUR=red' },
    code: 4,
    message: /^CNI_ARGS COLOUR: not supported/,
  },
  {
    name: 'a namespace that is gone',
    environment: { CNI_NETNS: '/run/x' },
    code: 3,
    message: /none/,
  },
  { name: 'what is no JSON', config: '{', code: 6, message: /^network configuration: / },
  { name: 'a list', config: '[]', code: 7, message: /expected an object/ },
  { name: 'no name', config: { ...CONFIG, name: '' }, code: 7, message: /^name: found ""/ },
  {
    name: 'a number as socket',
    config: { ...CONFIG, socket: 7 },
    code: 7,
    message: /^socket: found 7, expected a string$/,
  },
  {
    name: 'labels in another form',
    config: { ...CONFIG, args: { cni: { labels: { app: 'x' } } } },
    code: 7,
    message: /^args\.cni\.labels: found \{"app":"x"\}, expected a list$/,
  },
  ...[7, { ip: '10.0.0.1' }, [7]].flatMap((ips) => [
    {
      name: `addresses in another form, ${JSON.stringify(ips)}`,
      config: { ...CONFIG, args: { cni: { ips } } },
      code: 7,
      message: /^args\.cni\.ips: found .*, expected a list of addresses$/,
    },
    {
      name: `addresses of a capability in another form, ${JSON.stringify(ips)}`,
      config: { ...CONFIG, runtimeConfig: { ips } },
      code: 7,
      message: /^runtimeConfig\.ips: found .*, expected a list of addresses$/,
    },
  ]),
  ...[7, [null], [{ containerID: 'anna' }]].map((valid) => ({
    name: `GC with ${JSON.stringify(valid)}`,
    command: 'GC',
    config: { ...CONFIG, 'cni.dev/valid-attachments': valid },
    code: 7,
    message: /^cni\.dev\/valid-attachments: found .*, expected \[\{ "containerID"/,
  })),
  { name: 'CHECK without a result', command: 'CHECK', code: 7, message: /^prevResult: missing/ },
  { name: 'GC without a list', command: 'GC', code: 7, message: /^cni\.dev\/valid-attachments/ },
  {
    name: 'an interface that the kernel would name otherwise',
    environment: { CNI_IFNAME: 'eth%d' },
    code: 4,
    message: /^CNI_IFNAME 'eth%d': expected the name of an interface$/,
  },
  ...['/etc/passwd', '/etc'].map((path) => ({
    name: `a namespace that is none, ${path}`,
    environment: { CNI_NETNS: path },
    code: 4,
    message: new RegExp(`^CNI_NETNS '${path}': it is no network namespace`),
  })),
  ...[-1, 3601, 3_000_000].map((waitSeconds) => ({
    name: `a wait of ${waitSeconds} s`,
    config: { ...CONFIG, waitSeconds },
    code: 7,
    message: new RegExp(`^waitSeconds: found ${waitSeconds}, expected 0 to 3600$`),
  })),
  ...[
    7,
    { interfaces: 7 },
    { interfaces: [null] },
    { ips: [{ address: 7 }] },
    { routes: {} },
    { dns: 7 },
  ].map((prevResult) => ({
    name: `a result in another form, ${JSON.stringify(prevResult)}`,
    config: { ...CONFIG, prevResult },
    code: 7,
    message: /^prevResult(\.\w+)?: found .*, expected /,
  })),
  ...[7, { nameservers: '8.8.8.8' }, { search: [7] }, { domain: [] }].map((dns) => ({
    name: `name servers in another form, ${JSON.stringify(dns)}`,
    config: { ...CONFIG, dns },
    code: 7,
    message: /^dns(\.\w+)?: found .*, expected /,
  })),
  ...[7, { servers: '8.8.8.8' }].map((dns) => ({
    name: `name servers of a capability in another form, ${JSON.stringify(dns)}`,
    config: { ...CONFIG, runtimeConfig: { dns } },
    code: 7,
    message: /^runtimeConfig\.dns(\.\w+)?: found .*, expected /,
  })),
  {
    name: 'an agent that is not there',
    config: { ...CONFIG, waitSeconds: 0 },
    code: 11,
    message: /^connect to agent at \/nowhere\.sock: there is no socket/,
  },
];

for (const { name, command = 'ADD', environment = {}, config = CONFIG, code, message } of REFUSED) {
  test(`${name}: ${code}`, async () => {
    const variables = { ...environmentOf(command, ANNA), ...environment };
    const text = typeof config === 'string' ? config : JSON.stringify(config);
    const { status, output } = await runPlugin(variables, () => text);
    const error = JSON.parse(output) as { cniVersion: string; code: number; msg: string };
    assert.equal(status, 1);
    assert.equal(error.code, code, output);
    assert.match(error.msg, message);
    const wanted = typeof config === 'string' ? undefined : (config as typeof CONFIG).cniVersion;
    assert.equal(error.cniVersion, wanted ?? '1.1.0');
  });
}

test('VERSION is answered in the version that asks, also without a container', async () => {
  const asked = runPlugin({ CNI_COMMAND: 'VERSION' }, () => '{"cniVersion":"0.4.0"}');
  assert.deepEqual(JSON.parse((await asked).output), {
    cniVersion: '0.4.0',
    supportedVersions: ['0.3.1', '0.4.0', '1.0.0', '1.1.0'],
  });
});

test('the file needs nothing but node', () => {
  const text = pluginText('/usr/bin/node');
  assert.match(text, /^#!\/usr\/bin\/node\n/);
  const needed = [...text.matchAll(/\b(?:require|import)\("([^"]+)"\)/g)].map((match) => match[1]!);
  assert.ok(needed.length > 0);
  const foreign = needed.filter((name) => !builtinModules.includes(name.replace(/^node:/, '')));
  assert.deepEqual(foreign, []);
});

test('an agent that says nothing is an error in time, to try again later', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-silent-'));
  const socket = join(folder, 'agent.sock');
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(socket, resolve));
  t.after(() => {
    silent.closeAllConnections();
    silent.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const text = JSON.stringify({ ...CONFIG, socket, waitSeconds: 2.5 });
  for (const command of ['ADD', 'DEL']) {
    const begin = performance.now();
    const { status, output } = await runPlugin(environmentOf(command, ANNA), () => text);
    const seconds = (performance.now() - begin) / 1000;
    assert.ok(seconds > 2.3 && seconds < 10, `${command} took ${seconds} s`);
    const { code, msg } = JSON.parse(output) as { code: number; msg: string };
    assert.deepEqual([status, code], [1, 11]);
    assert.equal(msg, `ask agent at ${socket}: no answer within 2.5 s (see \`skep status\`)`);
  }
});
