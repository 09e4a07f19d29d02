/** The lab's agent: a daemon of its own, for the lab's node. Ends with the lab. */
import { type MasqueradeOptions, runDaemon } from '@skep/agent';

const [stateDirectory, bpffsDirectory, socketPath, networkNamespace, masquerade] =
  process.argv.slice(2);

process.on('disconnect', () => process.exit(0));
runDaemon({
  stateDirectory: stateDirectory!,
  bpffsDirectory: bpffsDirectory!,
  socketPath: socketPath!,
  networkNamespace: networkNamespace!,
  ...(masquerade === undefined ? {} : { masquerade: JSON.parse(masquerade) as MasqueradeOptions }),
}).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
