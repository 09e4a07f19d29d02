/** `skep sysdump`: one archive with all that helps to find out what is wrong. */
import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { gzipSync } from 'node:zlib';
import { AgentClient, redact, sysdumpParts, VERSION } from '@skep/agent';
import type { Command } from 'commander';
import { pc } from '../colours.ts';
import { type Progress, showProgress } from '../progress.ts';
import { agentOptions, type PlaceOptions, withPlaces } from './agent.ts';

interface SysdumpOptions extends PlaceOptions {
  readonly output?: string;
}

/** Adds `skep sysdump`, which works without an agent, too. */
export function addSysdumpCommand(program: Command): void {
  withPlaces(program.command('sysdump'))
    .description('write one archive with all that helps to find out what is wrong')
    .option('--output <file>', 'a .tar.gz; skep-sysdump-HOST-TIME.tar.gz here if not given')
    .addHelpText(
      'after',
      `
In it: what the agent says, its state, tables, programs and features of the
kernel, the network of the node, its log. What could be a secret is left out:
private keys, tokens, what follows names such as password, comments of policies,
and policies that cannot be read. The environment is not read. Names, labels,
addresses and policies are in it, and a secret that nothing calls one: see who
gets it. What could not be had is listed in manifest.json.`,
    )
    .action(sysdump);
}

/** A file of the archive. */
interface DumpFile {
  readonly name: string;
  readonly data: string;
}

async function sysdump(options: SysdumpOptions): Promise<void> {
  const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const name = `skep-sysdump-${hostname()}-${time.replaceAll(':', '')}`;
  const output = options.output ?? `${name}.tar.gz`;
  const progress = showProgress();
  const { files, missing } = await collect(options, progress);
  const manifest = { version: VERSION, time, files: files.map((each) => each.name), missing };
  const all = [{ name: 'manifest.json', data: toText(manifest) }, ...files];
  progress.step('packing');
  writeFileSync(output, await pack(name, all), { mode: 0o600 });
  const left = Object.keys(missing).length;
  progress.end(
    `wrote ${output}: ${files.length} files${left > 0 ? `, ${left} could not be had` : ''}`,
  );
}

/** Every part that can be read, and why the others cannot. */
async function collect(
  options: SysdumpOptions,
  progress: Progress,
): Promise<{ files: DumpFile[]; missing: Record<string, string> }> {
  const client = new AgentClient(options.socket);
  const files: DumpFile[] = [];
  const missing: Record<string, string> = {};
  let group = '';
  try {
    for (const { file, read } of sysdumpParts({ client, places: agentOptions(options) })) {
      const [first = ''] = file.split('/');
      if (first !== group) progress.step(`reading ${first}`);
      group = first;
      try {
        files.push({ name: file, data: toText(redact(await read())) });
      } catch (error) {
        missing[file] = error instanceof Error ? error.message : String(error);
        progress.step(pc.yellow(`  without ${file}: ${missing[file]}`));
      }
    }
  } finally {
    client.close();
  }
  return { files, missing };
}

/** JSON has no 64-bit numbers: they are text. */
function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  const json = JSON.stringify(
    value,
    (_, each) => (typeof each === 'bigint' ? String(each) : each),
    1,
  );
  return `${json}\n`;
}

/** Loaded where it is needed. */
async function pack(folder: string, files: readonly DumpFile[]): Promise<Uint8Array> {
  const { createTar } = await import('nanotar');
  const attrs = { mode: '600', uid: 0, gid: 0 };
  const tar = createTar(
    files.map(({ name, data }) => ({ name: `${folder}/${name}`, data })),
    { attrs },
  );
  return gzipSync(tar);
}
