/**
 * A daemon for the tests, that can be killed; with a file for its steps it says what it does, and
 * dies by its own hand at the step that it is told.
 */
import { runDaemon } from '../daemon.ts';
import type { AgentOptions } from '../node/node.ts';
import { Steps } from './steps.ts';

const [stateDirectory, bpffsDirectory, socketPath, networkNamespace, more, log, deadly] =
  process.argv.slice(2);

type More = Pick<AgentOptions, 'features' | 'masquerade'>;

if (log) new Steps().followTo(log, Number(deadly ?? 0));
await runDaemon({
  stateDirectory: stateDirectory!,
  bpffsDirectory: bpffsDirectory!,
  socketPath: socketPath!,
  networkNamespace: networkNamespace!,
  ...(more === undefined ? {} : (JSON.parse(more) as More)),
  log: { level: 'silent' },
});
process.exit(0);
