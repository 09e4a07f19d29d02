import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { explain } from './explain.ts';
import { watchFile } from './watch.ts';

const dist = fileURLToPath(new URL('..', import.meta.url));

/** Waits for `found` to have so many items, for at most 20 seconds. */
async function untilThere(found: readonly unknown[], count: number): Promise<void> {
  for (let attempt = 0; found.length < count && attempt < 400; attempt++) await setTimeout(50);
  assert.equal(found.length, count);
}

test('a changed module is explained anew, one with errors too', async (t) => {
  // Inside the package, because imports are found from there.
  const folder = mkdtempSync(path.join(dist, 'watched-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'program.ts');
  const source = (body: string): string =>
    `import { XdpAction, type XdpContext } from '@skep/ebpf';\n` +
    `export function watched(ctx: XdpContext): XdpAction {\n  ${body}\n}\n`;
  writeFileSync(file, source('return XdpAction.Pass;'));
  const texts: string[] = [];
  const stop = new AbortController();
  const body = async (): Promise<void> => {
    texts.push((await explain(file, { folder })).text);
  };
  const report = (error: Error): void => void texts.push(error.message);
  const watching = watchFile(file, body, report, stop.signal);
  try {
    await untilThere(texts, 1);
    assert.match(texts[0]!, /^watched: 2 instructions/);
    writeFileSync(file, source('return ctx.length > 1.5 ? 1 : 2;'));
    await untilThere(texts, 2);
    assert.match(texts[1]!, /program\.ts:3:\d+ - error SKEP2001/);
    rmSync(file);
    await untilThere(texts, 3);
    assert.match(texts[2]!, /no such file/);
    writeFileSync(file, source('return ctx.length > 100 ? XdpAction.Drop : XdpAction.Pass;'));
    await untilThere(texts, 4);
    assert.match(texts[3]!, /^watched: \d+ instructions/);
  } finally {
    stop.abort();
    await watching;
  }
});
