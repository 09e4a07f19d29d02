/** Forwarding of the host: on while the agent is installed, as it was before when it is not. */
import { type Network, SettingError } from '@skep/netlink';

/** Values of `conf/LINK/forwarding` by link, `all` and `default` among them. */
export type ForwardingValues = Record<string, string>;
/** Of both families, and what else the kernel changes with them. */
export interface ForwardingBefore {
  readonly 4: ForwardingValues;
  readonly 6: ForwardingValues;
  /** Absent in the state of an older build. */
  readonly acceptRedirects?: string | undefined;
}

/** Turned over by the kernel when forwarding is, whatever it was. @source inet_forward_change() */
const ACCEPT_REDIRECTS = 'ipv4/conf/all/accept_redirects';

/** What an agent changes, below `/proc/sys/net`; each link's own follows `all`. */
export const FORWARDING_SETTINGS = [
  'ipv4/conf/all/forwarding',
  'ipv6/conf/all/forwarding',
  ACCEPT_REDIRECTS,
] as const;

const FAMILIES = [4, 6] as const;

/** What is there now, to be written down before {@link turnOnForwarding}. */
export function readForwarding(network: Network): ForwardingBefore {
  const names = ['all', 'default', ...network.links.list().map(({ name }) => name)];
  const read = (family: 4 | 6): ForwardingValues =>
    Object.fromEntries(
      names.map((name) => [name, network.settings.readLink(family, name, 'forwarding')]),
    );
  return { 4: read(4), 6: read(6), acceptRedirects: network.settings.read(ACCEPT_REDIRECTS) };
}

/** Packets of endpoints are sent on. @throws SettingError */
export function turnOnForwarding(network: Network): void {
  for (const family of FAMILIES) network.settings.setForwarding(family, true);
}

/**
 * As it was. `all` sets every link, so it comes first; links that are gone by now, or came since,
 * keep what `all` gives them.
 */
export function restoreForwarding(network: Network, before: ForwardingBefore): void {
  const { settings } = network;
  for (const family of FAMILIES) {
    for (const [name, value] of Object.entries(before[family])) {
      try {
        const now = settings.readLink(family, name, 'forwarding');
        if (now !== value) settings.writeLink(family, name, 'forwarding', value);
      } catch (error) {
        if (!(error instanceof SettingError)) throw error;
      }
    }
  }
  if (before.acceptRedirects !== undefined)
    settings.write(ACCEPT_REDIRECTS, before.acceptRedirects);
}
