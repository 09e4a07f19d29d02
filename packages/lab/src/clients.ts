/** Real clients, one exchange each: who asks, and how it ended. */
import { createSocket } from 'node:dgram';
import { get } from 'node:http';
import { connect, isIPv6 } from 'node:net';
import { IpProtocol } from '@skep/wire';
import type { ExchangeKind } from './lab-api.ts';
import { outcomeOfError, probeEcho, probeStream } from './raw-client.ts';
import type { ProbeOutcome, ProbeTarget } from './workload-protocol.ts';

type Client = (target: ProbeTarget) => Promise<ProbeOutcome>;

/** The client of each kind of exchange. */
export const CLIENTS: Readonly<Record<ExchangeKind, Client>> = {
  http: probeHttp,
  tcp: probeTcp,
  udp: probeUdp,
  sctp: (target) => probeStream(target, IpProtocol.SCTP),
  icmp: probeEcho,
};

function probeHttp(target: ProbeTarget): Promise<ProbeOutcome> {
  const { address: host, port, timeoutMilliseconds: timeout } = target;
  return new Promise((resolve) => {
    const where = { host, port, path: '/', ...localAddress(target) };
    const request = get({ ...where, timeout, agent: false }, (response) => {
      response.resume().on('end', () => resolve('answered'));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', (error) => resolve(outcomeOf(error)));
  });
}

function probeTcp(target: ProbeTarget): Promise<ProbeOutcome> {
  const { address: host, port, timeoutMilliseconds } = target;
  return new Promise((resolve) => {
    const socket = connect({ host, port, ...localAddress(target) });
    const settle = (outcome: ProbeOutcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(timeoutMilliseconds, () => settle('silent'));
    socket.on('connect', () => socket.write('skep\n'));
    socket.on('data', () => settle('answered'));
    socket.on('error', (error) => settle(outcomeOf(error)));
  });
}

function probeUdp({ address, port, source, timeoutMilliseconds }: ProbeTarget) {
  return new Promise<ProbeOutcome>((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const settle = (outcome: ProbeOutcome): void => {
      clearTimeout(timer);
      socket.close();
      resolve(outcome);
    };
    const timer = setTimeout(() => settle('silent'), timeoutMilliseconds);
    socket.on('message', () => settle('answered'));
    socket.on('error', (error) => settle(outcomeOf(error)));
    // A connected socket hears of the ICMP errors that its packets cause.
    socket.bind({ port: 0, ...(source === undefined ? {} : { address: source }) }, () => {
      socket.connect(port, address, () => socket.send('skep\n'));
    });
  });
}

function localAddress({ source }: ProbeTarget): { localAddress?: string } {
  return source === undefined ? {} : { localAddress: source };
}

function outcomeOf(error: NodeJS.ErrnoException): ProbeOutcome {
  return outcomeOfError(error.code);
}
