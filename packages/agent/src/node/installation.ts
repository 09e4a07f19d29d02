/**
 * Which installation a device is of: its alias says where that keeps things, in the words that
 * `skep uninstall` takes. A network namespace has devices of one installation only.
 */
import { existsSync, fstatSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Link, Network } from '@skep/netlink';
import { markedLinks } from '../devices/endpoint-device.ts';
import { firstOf } from '../health/first-of.ts';
import type { PlacesView } from '../views.ts';
import { AgentRunningError, takeDirectory } from './one-agent.ts';

/** Where an agent keeps things. */
export interface InstallationPlaces {
  readonly stateDirectory: string;
  readonly bpffsDirectory: string;
}

/** Another installation has devices in the network namespace. */
export class OtherInstallationError extends Error {
  readonly code = 'ERR_OTHER_INSTALLATION';
}

/** @source IFALIASZ, include/uapi/linux/if.h */
const ALIAS_BYTES_MAX = 255;
const ALIAS = /^skep (--state (.+) --bpffs .+)$/;

/** What is written on the devices of an installation. @throws RangeError for long paths */
export function aliasOf({ stateDirectory, bpffsDirectory }: InstallationPlaces): string {
  const alias = `skep --state ${resolve(stateDirectory)} --bpffs ${resolve(bpffsDirectory)}`;
  const bytes = Buffer.byteLength(alias);
  if (bytes <= ALIAS_BYTES_MAX) return alias;
  const found = `'${alias}' has ${bytes} bytes, expected at most ${ALIAS_BYTES_MAX}`;
  throw new RangeError(`name installation: ${found} (use shorter paths)`);
}

/**
 * Nothing is made or taken away beside devices of another installation. Those that say nothing, as
 * when an agent was killed while it made one, are of whoever asks.
 *
 * @throws OtherInstallationError which says whose they are, and how to name it
 */
export function refuseOthers(
  operation: string,
  { stateDirectory }: InstallationPlaces,
  network: Network,
): void {
  const others = markedLinks(network).flatMap((link) => {
    const owner = otherOwner(link, stateDirectory);
    return owner ? [{ ...owner, name: link.name }] : [];
  });
  const [first] = others;
  if (!first) return;
  const names = others.filter(({ places }) => places === first.places).map(({ name }) => name);
  const belong = names.length === 1 ? 'belongs' : 'belong';
  const found = `${firstOf(names)} of the network namespace ${belong} to ${whoIsAt(first.state)}`;
  throw new OtherInstallationError(`${operation}: ${found} (its places are ${first.places})`);
}

/** As `status` tells them. */
export function placesView({
  places,
  network,
}: {
  readonly places: InstallationPlaces;
  readonly network: Network;
}): PlacesView {
  return {
    state: resolve(places.stateDirectory),
    bpffs: resolve(places.bpffsDirectory),
    namespace: `net:[${fstatSync(network.namespace.number).ino}]`,
  };
}

/** Takes the devices of an installation away, and nobody else's. */
export function deleteDevices({ stateDirectory }: InstallationPlaces, network: Network): void {
  for (const link of markedLinks(network)) {
    if (!otherOwner(link, stateDirectory)) network.links.delete(link.index);
  }
}

/** Of a device that is of another installation: its places in words, and its state among them. */
function otherOwner(
  { alias = '' }: Link,
  stateDirectory: string,
): { readonly places: string; readonly state: string } | undefined {
  const [, places, state] = ALIAS.exec(alias) ?? [];
  return places && state && !isSame(state, stateDirectory) ? { places, state } : undefined;
}

/** Links to it are it, too. */
function isSame(state: string, other: string): boolean {
  if (resolve(state) === resolve(other)) return true;
  const [left, right] = [state, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return left !== undefined && left.dev === right?.dev && left.ino === right.ino;
}

function whoIsAt(stateDirectory: string): string {
  if (!existsSync(stateDirectory)) return NOT_RUNNING;
  try {
    takeDirectory(stateDirectory).close();
    return NOT_RUNNING;
  } catch (error) {
    if (error instanceof AgentRunningError) return error.holder;
    throw error;
  }
}

const NOT_RUNNING = 'another installation';
