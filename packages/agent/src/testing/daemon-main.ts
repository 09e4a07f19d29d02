/**
 * A daemon for the tests, that can be killed; with a file for its steps it says what it does, and
 * dies by its own hand at the step that it is told.
 */
import { runDaemon } from '../daemon.ts';
import type { KernelFeatures } from '../kernel/kernel-features.ts';
import { Steps } from './steps.ts';

const [stateDirectory, bpffsDirectory, socketPath, networkNamespace, features, log, deadly] =
  process.argv.slice(2);

if (log) new Steps().followTo(log, Number(deadly ?? 0));
await runDaemon({
  stateDirectory: stateDirectory!,
  bpffsDirectory: bpffsDirectory!,
  socketPath: socketPath!,
  networkNamespace: networkNamespace!,
  ...(features === undefined ? {} : { features: JSON.parse(features) as KernelFeatures }),
  log: { level: 'silent' },
});
process.exit(0);
