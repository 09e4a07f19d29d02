/** The other process of the live tests: started inside an endpoint's namespace. */
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';

/**
 * What it is asked to do; `say` and `exchange` are for the connection that `connect` has opened.
 */
export interface TalkRequest {
  readonly serve?: number;
  readonly serveDatagrams?: number;
  readonly connect?: string;
  readonly port?: number;
  readonly say?: string;
  /** Milliseconds, on a machine of usual speed. */
  readonly listen?: number;
  /** So many lines, each answered before the next. */
  readonly exchange?: number;
  /** So many datagrams to host and port, numbered, whose echoes are counted; over one flow. */
  readonly datagrams?: number;
  /** So many connections to host and port, one after the other, each with a line and its echo. */
  readonly connections?: number;
  readonly host?: string;
  /** What is going on ends early: not so many, but all of those that there were are counted. */
  readonly stop?: boolean;
}

/** How many times slower than usual this machine is, such as an emulated one. */
const TIME_SCALE = Number(process.env.SKEP_TIME_SCALE ?? 1);
const TIMEOUT_MILLISECONDS = 1000 * TIME_SCALE;
const PAUSE_MILLISECONDS = 5 * TIME_SCALE;
let socket: Socket | undefined;

let isStopped = false;

process.on('message', (request: TalkRequest) => {
  isStopped = request.stop === true;
  if (isStopped) return;
  handle(request).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit(0));

async function handle(request: TalkRequest): Promise<string> {
  if (request.serve !== undefined) return serve(request.serve);
  if (request.serveDatagrams !== undefined) return serveDatagrams(request.serveDatagrams);
  const { host = '', port = 0 } = request;
  if (request.datagrams !== undefined) return sendDatagrams(host, port, request.datagrams);
  if (request.connections !== undefined) return connectOften(host, port, request.connections);
  if (request.connect !== undefined) return open(request.connect, request.port ?? 0);
  if (request.exchange !== undefined) return exchange(request.exchange);
  if (request.say !== undefined) socket?.write(request.say);
  return hear(request.listen === undefined ? TIMEOUT_MILLISECONDS : request.listen * TIME_SCALE);
}

/** Echoes. */
function serve(port: number): Promise<string> {
  const server = createServer((peer) => peer.on('error', () => {}).pipe(peer));
  return new Promise((resolve) => server.listen(port, '::', () => resolve('serving')));
}

function open(host: string, port: number): Promise<string> {
  socket?.destroy();
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('silence'), TIMEOUT_MILLISECONDS);
    socket = connect({ host, port }, () => {
      clearTimeout(timer);
      resolve('connected');
    });
    socket.on('error', () => {});
  });
}

/** A retransmission takes longer than the pause, so that a lost packet shows. */
async function exchange(most: number): Promise<string> {
  let answered = 0;
  let longest = 0;
  let count = 0;
  for (; count < most && !isStopped; count++) {
    const start = performance.now();
    socket?.write(`line ${count}`);
    if ((await hear(TIMEOUT_MILLISECONDS)) === `line ${count}`) answered++;
    longest = Math.max(longest, performance.now() - start);
    await pause(PAUSE_MILLISECONDS);
  }
  const pace = longest < TIMEOUT_MILLISECONDS ? 'longest under a second' : `longest ${longest} ms`;
  return `${answered} of ${count} answered, ${pace}`;
}

function serveDatagrams(port: number): Promise<string> {
  const server = createSocket('udp4');
  server.on('message', (data, { port: from, address }) => server.send(data, from, address));
  return new Promise((resolve) => server.bind(port, () => resolve('serving')));
}

/** None is sent again: what is lost stays lost. */
async function sendDatagrams(host: string, port: number, most: number): Promise<string> {
  const client = createSocket('udp4');
  const echoed = new Set<string>();
  client.on('message', (data) => echoed.add(String(data)));
  let count = 0;
  for (; count < most && !isStopped; count++) {
    client.send(String(count), port, host);
    await pause(PAUSE_MILLISECONDS);
  }
  await pause(TIMEOUT_MILLISECONDS);
  client.close();
  return `${echoed.size} of ${count} echoed`;
}

/** A lost packet of a handshake is sent again only after a second. */
async function connectOften(host: string, port: number, most: number): Promise<string> {
  let echoed = 0;
  let count = 0;
  for (; count < most && !isStopped; count++) {
    if ((await open(host, port)) === 'connected') socket?.write('hello');
    if ((await hear(TIMEOUT_MILLISECONDS)) === 'hello') echoed++;
  }
  socket?.destroy();
  return `${echoed} of ${count} echoed`;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What comes next on the connection. */
function hear(milliseconds: number): Promise<string> {
  return new Promise((resolve) => {
    const onData = (data: Buffer): void => {
      clearTimeout(timer);
      resolve(data.toString());
    };
    const timer = setTimeout(() => {
      socket?.off('data', onData);
      resolve('silence');
    }, milliseconds);
    socket?.once('data', onData);
  });
}
