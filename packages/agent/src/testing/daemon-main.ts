/** A daemon for the tests, that can be killed. */
import { runDaemon } from '../daemon.ts';

const [stateDirectory, bpffsDirectory, socketPath, networkNamespace] = process.argv.slice(2);

await runDaemon({
  stateDirectory: stateDirectory!,
  bpffsDirectory: bpffsDirectory!,
  socketPath: socketPath!,
  networkNamespace: networkNamespace!,
  logLevel: 'silent',
});
process.exit(0);
