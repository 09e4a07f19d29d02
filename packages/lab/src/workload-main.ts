/**
 * The process inside an endpoint: real servers, and real clients for the lab's probes. It is
 * started inside the endpoint's network namespace and ends with the process that started it.
 */
import { createSocket } from 'node:dgram';
import { createServer as createHttpServer, get } from 'node:http';
import { connect, createServer, isIPv6 } from 'node:net';
import type { LabServer } from './lab-file.ts';
import type { ProbeOutcome, WorkloadRequest, WorkloadResponse } from './workload-protocol.ts';

process.on('message', (request: WorkloadRequest) => {
  handle(request)
    .then((response) => process.send?.(response))
    .catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      process.send?.({ id: request.id, outcome: 'failed', message } satisfies WorkloadResponse);
    });
});
process.on('disconnect', () => process.exit(0));

async function handle(request: WorkloadRequest): Promise<WorkloadResponse> {
  if (request.do === 'serve') {
    for (const server of request.servers) await serve(server);
    return { id: request.id, outcome: 'serving' };
  }
  const start = performance.now();
  const probe = { http: probeHttp, tcp: probeTcp, udp: probeUdp }[request.kind];
  const outcome = await probe(request.address, request.port, request.timeoutMilliseconds);
  return { id: request.id, outcome, milliseconds: performance.now() - start };
}

function serve(server: LabServer): Promise<void> {
  return new Promise((resolve, reject) => {
    if (server.kind === 'udp') {
      const socket = createSocket({ type: 'udp6', ipv6Only: false });
      socket.on('error', reject);
      socket.on('message', (bytes, sender) => socket.send(bytes, sender.port, sender.address));
      socket.bind(server.port, '::', () => resolve());
      return;
    }
    const listener =
      server.kind === 'http'
        ? createHttpServer((_request, response) => response.end(`${server.name}\n`))
        : createServer((socket) => socket.on('error', () => {}).pipe(socket));
    listener.on('error', reject);
    listener.listen(server.port, '::', () => resolve());
  });
}

type Probe = (address: string, port: number, timeout: number) => Promise<ProbeOutcome>;

const probeHttp: Probe = (host, port, timeout) =>
  new Promise((resolve) => {
    const request = get({ host, port, path: '/', timeout, agent: false }, (response) => {
      response.resume().on('end', () => resolve('answered'));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', (error: NodeJS.ErrnoException) => resolve(outcomeOf(error)));
  });

const probeTcp: Probe = (host, port, timeout) =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (outcome: ProbeOutcome): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.setTimeout(timeout, () => settle('silent'));
    socket.on('connect', () => socket.write('skep\n'));
    socket.on('data', () => settle('answered'));
    socket.on('error', (error: NodeJS.ErrnoException) => settle(outcomeOf(error)));
  });

const probeUdp: Probe = (address, port, timeout) =>
  new Promise((resolve) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const settle = (outcome: ProbeOutcome): void => {
      clearTimeout(timer);
      socket.close();
      resolve(outcome);
    };
    const timer = setTimeout(() => settle('silent'), timeout);
    socket.on('message', () => settle('answered'));
    socket.on('error', (error: NodeJS.ErrnoException) => settle(outcomeOf(error)));
    // A connected socket hears of the ICMP errors that its packets cause.
    socket.connect(port, address, () => socket.send('skep\n'));
  });

function outcomeOf(error: NodeJS.ErrnoException): ProbeOutcome {
  return error.code === 'ECONNREFUSED' ? 'refused' : 'silent';
}
