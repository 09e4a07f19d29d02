/** Runs in the guest: does what the host asks over the port, and ends when the host goes away. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createReadStream, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { constants, release } from 'node:os';
import type { Readable } from 'node:stream';
import {
  type GuestCommand,
  type GuestMessage,
  type HostMessage,
  messageLine,
  messageReader,
  PORT_NAME,
} from './guest-protocol.ts';

const PORTS = '/sys/class/virtio-ports';
/** Milliseconds for what is still in the pipes of a command that has ended. */
const PIPE_GRACE = 2000;
const port = openSync(`/dev/${findPort()}`, 'r+');
let running: ChildProcess | undefined;

const read = messageReader<HostMessage>((message) => {
  if (message.kind === 'run') run(message.command);
  else if (running?.pid) process.kill(-running.pid, 'SIGKILL');
});
createReadStream('', { fd: port, encoding: 'utf8' })
  .on('data', (text) => read(String(text)))
  .on('end', () => process.exit(0))
  .on('error', () => process.exit(1));
tell({ kind: 'ready', release: release() });

function findPort(): string {
  const names = readdirSync(PORTS);
  const found = names.find(
    (name) => readFileSync(`${PORTS}/${name}/name`, 'utf8').trim() === PORT_NAME,
  );
  if (!found) throw new Error(`virtio port ${PORT_NAME}: not among ${names.join(', ')}`);
  return found;
}

function tell(message: GuestMessage): void {
  const bytes = Buffer.from(messageLine(message));
  for (let at = 0; at < bytes.length; ) at += writeSync(port, bytes, at);
}

/** In a process group of its own, so that its children can be ended with it. */
function run({ words: [file = '', ...parameters], directory, environment }: GuestCommand): void {
  const env = { ...process.env, ...environment };
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const child = spawn(file, parameters, { cwd: directory, env, stdio: [...stdio], detached: true });
  running = child;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => tell({ kind: 'output', text: String(text) }));
  }
  child.on('error', (error) => {
    tell({ kind: 'output', text: `${file}: ${error.message}\n` });
    tell({ kind: 'exit', status: 127 });
  });
  // An orphan may hold the pipes open for ever.
  child.on('exit', () => setTimeout(() => [child.stdout, child.stderr].map(end), PIPE_GRACE));
  child.on('close', (status, signal) => {
    if (child.pid === undefined) return;
    tell({ kind: 'exit', status: signal ? 128 + constants.signals[signal] : (status ?? 1) });
  });
}

function end(stream: Readable | null): void {
  stream?.destroy();
}
