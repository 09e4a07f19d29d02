/** For the live test of masquerade: a server that tells everybody as whom it sees them. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** Datagrams of this length and more are sent back as they are. */
const ECHO_BYTES_MIN = 1000;

const port = Number(process.argv[2]);
const datagrams = createSocket({ type: 'udp6', ipv6Only: false });
datagrams.on('message', (bytes, sender) => {
  const answer = bytes.length < ECHO_BYTES_MIN ? `${plain(sender.address)} ${sender.port}` : bytes;
  datagrams.send(answer, sender.port, sender.address);
});
const server = createServer((socket) => {
  const seen = `${plain(socket.remoteAddress ?? '')} ${socket.remotePort}`;
  socket.on('error', () => {}).on('data', () => socket.write(seen));
});
datagrams.bind(port, '::', () => server.listen(port, '::', () => process.send?.('serving')));
process.on('disconnect', () => process.exit(0));

/** Without the prefix of IPv4-mapped addresses. */
function plain(address: string): string {
  return address.replace('::ffff:', '');
}
