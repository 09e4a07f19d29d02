/**
 * Shows: a filter in tcpdump's language becomes a program of its own, at run time.
 * You will see: which of nine packets match the filter that you give, and so do not arrive.
 * Needs: root, Linux 5.9. The packets pass between two namespaces that end with the process.
 * Now change this line: exchange `XdpAction.Drop` and `XdpAction.Pass`: only what matches arrives.
 */
import { attachXdp, loadProgram } from '@skep/bpf';
import { compileFilter, matchingProgram, printFilter } from '@skep/capture-filter';
import { compileProgram } from '@skep/compiler';
import { XdpAction } from '@skep/ebpf';
import { makeFrame, TcpFlag } from '@skep/wire';
import { makePair, toRight } from './lib/pair.ts';
import { runExample } from './lib/run.ts';

const web = { sourcePort: 4000, destinationPort: 80 };
const dns = { sourcePort: 4000, destinationPort: 53 };
const kinds = [
  { name: 'SYN to port 80', count: 2, frame: { tcp: { ...web, flags: TcpFlag.SYN } } },
  { name: 'ACK to port 80', count: 3, frame: { tcp: { ...web, flags: TcpFlag.ACK } } },
  { name: 'UDP to port 53', count: 3, frame: { udp: dns } },
  { name: 'a ping', count: 1, frame: { icmp: { type: 8 } } },
];

runExample(import.meta.url, async () => {
  const text = process.argv.slice(2).join(' ') || 'tcp[tcpflags] & tcp-syn != 0 or icmp';
  const filter = compileFilter(text);
  console.log(`drops what matches: ${printFilter(filter.syntax)}`);
  const actions = { onMatch: XdpAction.Drop, onMiss: XdpAction.Pass };
  const program = matchingProgram(filter, { hook: 'xdp', name: 'filter', ...actions });
  const object = compileProgram(program);

  const { left, right } = makePair();
  const loaded = loadProgram(object);
  right.inside(() => attachXdp({ program: loaded, ifindex: right.ifindex }));

  let matched = 0;
  for (const { name, count, frame } of kinds) {
    for (let sent = 0; sent < count; sent++) left.send(makeFrame({ ...toRight, ...frame }));
    const arrived = (await right.received()).length;
    console.log(`${name}: ${count - arrived} of ${count} match`);
    matched += count - arrived;
  }
  console.log(`${matched} packets match, by ${object.code.length / 8} instructions`);
});
