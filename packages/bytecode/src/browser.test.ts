/** The machine in a browser: the modules as they are built, nothing bundled. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

const packages = join(import.meta.dirname, '../..');
const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) =>
  existsSync(path),
);
const skip = chromium ? false : 'chromium is not installed';
const TIMEOUT_MILLISECONDS = 120_000;

const page = `<!doctype html>
<script type="importmap">{ "imports": {
  "@skep/bytecode": "/bytecode/dist/index.js",
  "@skep/ebpf": "/ebpf/dist/index.js"
} }</script>
<body><script type="module">
import { asm, encode, Machine, r0 } from '@skep/bytecode';
import { CASE_PACKET_BYTES, caseProgram, isaCases } from '/bytecode/dist/conformance/cases.js';
const wrong = [];
const machine = new Machine();
for (const each of isaCases) {
  const loaded = machine.load(caseProgram(each));
  const { packet } = loaded.run({ packet: new Uint8Array(CASE_PACKET_BYTES) });
  const found = new DataView(packet.buffer).getBigUint64(0, true);
  if (found !== each.expected) wrong.push(each.name);
}
const engine = machine.load(caseProgram(isaCases[0])).engine;
const result = { cases: isaCases.length, wrong, engine, fallback: machine.fallback ?? null };
document.body.textContent = 'RESULT ' + JSON.stringify(result) + ' END';
</script></body>`;

/** Serves the packages, and the page under `/`; `policy` is its content security policy. */
async function serve(t: TestContext, policy: string | undefined): Promise<string> {
  const server: Server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/') {
      if (policy) response.setHeader('content-security-policy', policy);
      response.setHeader('content-type', 'text/html').end(page);
    } else if (/^\/(bytecode|ebpf)\/dist\/[\w/-]+\.js$/.test(path)) {
      const file = join(packages, path);
      response.statusCode = existsSync(file) ? 200 : 404;
      response.setHeader('content-type', 'text/javascript');
      response.end(existsSync(file) ? readFileSync(file) : '');
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** The page's text once its script has run. */
async function open(t: TestContext, address: string): Promise<unknown> {
  const profile = mkdtempSync(join(tmpdir(), 'skep-chromium-'));
  t.after(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`];
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      chromium!,
      [...flags, '--virtual-time-budget=60000', '--dump-dom', address],
      { timeout: TIMEOUT_MILLISECONDS, maxBuffer: 1 << 24 },
      (error, stdout, stderr) => {
        if (error) reject(new Error(`chromium: ${error.message}\n${stderr}`));
        else resolve(stdout);
      },
    );
  });
  const found = /RESULT (.*) END/.exec(output);
  assert.ok(found, `the page did not come to its end: ${output.slice(0, 500)}`);
  return JSON.parse(found[1]!.replaceAll('&quot;', '"').replaceAll('&lt;', '<'));
}

test('all conformance cases in a browser, by generated code', { skip }, async (t) => {
  const result = await open(t, await serve(t, undefined));
  assert.deepEqual(result, { cases: 675, wrong: [], engine: 'generated', fallback: null });
});

test('a page that forbids generated code gets the interpreter, and is told', {
  skip,
}, async (t) => {
  const policy = "script-src 'self' 'unsafe-inline'";
  const result = (await open(t, await serve(t, policy))) as { fallback: string };
  assert.match(result.fallback, /this host refuses to generate code: .*WebAssembly/);
  const { fallback } = result;
  assert.deepEqual(result, { cases: 675, wrong: [], engine: 'interpreter', fallback });
});
