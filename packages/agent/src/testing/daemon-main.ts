/** A daemon for the tests, that can be killed. */
import { runDaemon } from '../daemon.ts';
import type { KernelFeatures } from '../kernel/kernel-features.ts';

const [stateDirectory, bpffsDirectory, socketPath, networkNamespace, features] =
  process.argv.slice(2);

await runDaemon({
  stateDirectory: stateDirectory!,
  bpffsDirectory: bpffsDirectory!,
  socketPath: socketPath!,
  networkNamespace: networkNamespace!,
  ...(features === undefined ? {} : { features: JSON.parse(features) as KernelFeatures }),
  log: { level: 'silent' },
});
process.exit(0);
