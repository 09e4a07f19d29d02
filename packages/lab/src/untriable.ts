/** What cannot be tried on this kernel, by name. */
import { existsSync } from 'node:fs';
import { AddressFamily, KernelError, openSocket, SocketType } from '@skep/sys';
import { IpProtocol } from '@skep/wire';
import type { Exchange } from './lab-api.ts';
import { echoRequestType } from './probe.ts';

/** Why an exchange cannot be made with real packets here; `undefined` where it can. */
export function whyUntriable({ kind, family, port }: Exchange): string | undefined {
  if (family === 6 && !existsSync('/proc/sys/net/ipv6')) return 'this kernel has no IPv6';
  if (kind === 'sctp' && !hasProtocol(SocketType.STREAM, IpProtocol.SCTP)) {
    return 'this kernel has no SCTP (CONFIG_IP_SCTP)';
  }
  if (kind !== 'icmp') return undefined;
  if (port !== echoRequestType(family)) {
    return 'nothing answers this ICMP type, only EchoRequest';
  }
  return undefined;
}

/** Whether the kernel makes sockets of a protocol; it loads a module for it where there is one. */
export function hasProtocol(type: number, protocol: number): boolean {
  try {
    openSocket(AddressFamily.INET, type, protocol).close();
    return true;
  } catch (error) {
    if (error instanceof KernelError && error.errnoName === 'EPROTONOSUPPORT') return false;
    throw error;
  }
}
