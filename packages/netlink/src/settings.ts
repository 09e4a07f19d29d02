/** Settings of the IP stack of one namespace: what `sysctl net.…` reads and writes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { inNetworkNamespace } from '@skep/sys';
import type { NamespaceReference } from './socket.ts';

/**
 * A setting that each link has. @source Documentation/networking/ip-sysctl.rst
 *
 * `accept_ra`, `addr_gen_mode`, `disable_ipv6`, `accept_dad` are of IPv6; `rp_filter`,
 * `accept_local`, `arp_ignore`, `route_localnet`, `send_redirects` of IPv4; the others of both.
 */
export type LinkSetting =
  | 'accept_dad'
  | 'accept_local'
  | 'accept_ra'
  | 'addr_gen_mode'
  | 'arp_ignore'
  | 'disable_ipv6'
  | 'forwarding'
  | 'proxy_arp'
  | 'proxy_ndp'
  | 'route_localnet'
  | 'rp_filter'
  | 'send_redirects';

/** The namespace has no such setting, or it does not take the value. */
export class SettingError extends Error {
  readonly code = 'ERR_SETTING';
  constructor(operation: string, path: string, cause: unknown) {
    super(`${operation} setting ${path}: ${(cause as Error).message}`, { cause });
    this.name = 'SettingError';
  }
}

/** Reads and changes the settings of one namespace; each call enters it and comes back. */
export class Settings {
  readonly #namespace: NamespaceReference;

  constructor(namespace: NamespaceReference) {
    this.#namespace = namespace;
  }

  /**
   * @param path below `/proc/sys/net`, such as `ipv4/ip_forward`.
   * @returns the text without the line's end.
   * @throws SettingError
   */
  read(path: string): string {
    return this.#at('read', path, (file) => readFileSync(file, 'utf8').trim());
  }

  /** @param path as of {@link read}. @throws SettingError */
  write(path: string, value: string | number): void {
    // The flag keeps node from making a file of a misspelled name, which this file system refuses
    // with another error.
    this.#at('write', path, (file) => writeFileSync(file, String(value), { flag: 'r+' }));
  }

  /** @param link a link's name, or `all`, or `default` for links that are made later. */
  readLink(family: 4 | 6, link: string, setting: LinkSetting): string {
    return this.read(linkPath(family, link, setting));
  }

  /** @param link as of {@link readLink}. @throws SettingError */
  writeLink(family: 4 | 6, link: string, setting: LinkSetting, value: string | number): void {
    this.write(linkPath(family, link, setting), value);
  }

  /** Whether packets for others are sent on, by all links. @throws SettingError */
  setForwarding(family: 4 | 6, isOn: boolean): void {
    this.writeLink(family, 'all', 'forwarding', isOn ? 1 : 0);
  }

  /**
   * The files show the namespace of the thread that opens them: it enters, opens, and comes back.
   */
  #at<T>(operation: string, path: string, task: (file: string) => T): T {
    const isBelow = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
    if (!isBelow) throw new SettingError(operation, path, new Error('expected a path below net'));
    const attempt = () => task(`/proc/sys/net/${path}`);
    try {
      const namespace = this.#namespace;
      return namespace === undefined ? attempt() : inNetworkNamespace(namespace, attempt);
    } catch (cause) {
      throw new SettingError(operation, path, cause);
    }
  }
}

function linkPath(family: 4 | 6, link: string, setting: LinkSetting): string {
  if (link.includes('/')) throw new SettingError('find', link, new Error('expected a link name'));
  return `ipv${family}/conf/${link}/${setting}`;
}
