/** A process at one end of a path: a server at the receiver's, a client at the sender's. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { type Measurement, trafficPort } from './traffic.ts';

/** One byte is a whole request, and a whole answer. */
const ping = Buffer.from('.');

if (process.argv[2] === 'server') serve();
else process.on('message', answer);

function serve(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (data) => socket.write(data));
    socket.on('error', () => socket.destroy());
  });
  server.listen(trafficPort, () => process.send?.('ready'));
}

async function answer(measurement: Measurement): Promise<void> {
  try {
    const measure = measurement.kind === 'request' ? timeRequests : timeConnections;
    process.send?.(await measure(measurement.address, measurement.milliseconds));
  } catch (error) {
    process.send?.(`measure ${measurement.kind}: ${(error as Error).message}`);
  }
}

/** Microseconds of a request and its answer on one connection. */
async function timeRequests(address: string, milliseconds: number): Promise<number> {
  const socket = await open(address);
  const mean = await timeRepeated(milliseconds, () => exchange(socket));
  socket.resetAndDestroy();
  return mean;
}

/** Microseconds to connect, ask, get the answer and end. */
function timeConnections(address: string, milliseconds: number): Promise<number> {
  return timeRepeated(milliseconds, async () => {
    const socket = await open(address);
    await exchange(socket);
    socket.resetAndDestroy();
  });
}

async function timeRepeated(milliseconds: number, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  let count = 0;
  let elapsed = 0;
  while (elapsed < milliseconds) {
    await work();
    count += 1;
    elapsed = performance.now() - started;
  }
  return (elapsed * 1000) / count;
}

async function open(address: string): Promise<Socket> {
  const socket = connect({ host: address, port: trafficPort, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

function exchange(socket: Socket): Promise<unknown> {
  const answered = once(socket, 'data');
  socket.write(ping);
  return answered;
}
