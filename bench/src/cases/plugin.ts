/** How soon the CNI plugin runs: it is a process of its own for every container. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pluginText } from '@skep/cni';
import type { Case } from '../harness/case.ts';
import { pairedRow } from '../harness/row.ts';

/** Starts take turns, so that both meet the same neighbours. */
export const pluginCase: Case = {
  name: 'plugin',
  about: 'starting skep-cni, up to its answer to VERSION, against a node that has nothing to do',
  run: async ({ rounds }) => {
    const folder = mkdtempSync(join(tmpdir(), 'skep-bench-plugin-'));
    try {
      const plugin = writeScript(folder, 'skep-cni', pluginText(process.execPath));
      const idle = writeScript(folder, 'idle.cjs', `#!${process.execPath}\n`);
      const samples: { ours: number[]; idle: number[] } = { ours: [], idle: [] };
      for (let round = 0; round < rounds; round++) {
        samples.idle.push(start(idle, ''));
        samples.ours.push(start(plugin, '"supportedVersions"'));
      }
      const about = { name: 'start the plugin', unit: 'ms', referenceName: 'node, nothing to do' };
      return [pairedRow(about, samples.ours, samples.idle)];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function writeScript(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** Milliseconds until it has ended, having said what it should. */
function start(program: string, expected: string): number {
  const env = { CNI_COMMAND: 'VERSION', PATH: '/nowhere' };
  const options = { env, input: '{"cniVersion":"1.0.0"}', encoding: 'utf8' } as const;
  const begun = performance.now();
  const { stdout } = spawnSync(program, options);
  const milliseconds = performance.now() - begun;
  if (!stdout.includes(expected)) throw new Error(`start ${program}: answered '${stdout}'`);
  return milliseconds;
}
