/**
 * Ports of masquerade are not given to programs of the node that ask for any port: the kernel has a
 * list of those that it keeps back.
 */
import type { Settings } from '@skep/netlink';
import type { PortRange } from './masquerade-options.ts';

/** Below `/proc/sys/net`. */
export const RESERVED_PORTS = 'ipv4/ip_local_reserved_ports';

/** The list as it is, to be written down before {@link reservePorts}. */
export function readReservedPorts(settings: Settings): string {
  return settings.read(RESERVED_PORTS);
}

/** Adds the range to the list as it was. @throws SettingError */
export function reservePorts(settings: Settings, before: string, { first, last }: PortRange): void {
  const range = `${first}-${last}`;
  settings.write(RESERVED_PORTS, before === '' ? range : `${before},${range}`);
}

/** The list as it was. @throws SettingError */
export function restoreReservedPorts(settings: Settings, before: string): void {
  // An empty write is none.
  settings.write(RESERVED_PORTS, before === '' ? '\n' : before);
}
