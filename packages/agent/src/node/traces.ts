/** What an agent leaves behind while it is not there, and whether anything remembers it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Network } from '@skep/netlink';
import { markedLinks } from '../devices/endpoint-device.ts';
import { STATE_FILES, stateFile } from '../state/memory.ts';
import { StateError } from '../state/state-error.ts';
import { takeDirectory } from './one-agent.ts';

/** Where an agent is, as in its options. */
interface Places {
  readonly stateDirectory: string;
  readonly bpffsDirectory: string;
  readonly networkNamespace?: string;
}

/** Whether an agent with these options has left something. @throws NetlinkError */
export function hasTraces(places: Places): boolean {
  if (hasState(places) || hasPins(places)) return true;
  const network = new Network(places.networkNamespace);
  try {
    return markedLinks(network).length > 0;
  } finally {
    network.close();
  }
}

/**
 * Devices and tables that no state remembers are not begun beside: their addresses would be given
 * again, and their tables know revisions that would come again.
 *
 * @throws StateError; AgentRunningError where they are another agent's that runs
 */
export function refuseUnremembered(places: Places, network: Network): void {
  if (hasState(places)) return;
  if (hasPins(places)) takeDirectory(places.bpffsDirectory).close();
  const links = markedLinks(network).map(({ name }) => name);
  const found = [...links, ...(hasPins(places) ? [`pins in ${places.bpffsDirectory}`] : [])];
  const path = stateFile(places.stateDirectory);
  if (found.length > 0) throw new StateError(path, `not there, but ${found.join(', ')}`);
}

function hasState({ stateDirectory }: Places): boolean {
  return STATE_FILES.some((name) => existsSync(join(stateDirectory, name)));
}

function hasPins({ bpffsDirectory }: Places): boolean {
  return existsSync(join(bpffsDirectory, 'maps'));
}
