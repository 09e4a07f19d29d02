/**
 * Shows: packets that go from one interface to another at the driver, by a map that node fills.
 * You will see: frames that come in at the first wire leave by the second, until the map is empty.
 * Needs: root, Linux 5.9. The packets pass between namespaces that end with the process.
 * Now change this line: `XdpAction.Drop` to `XdpAction.Pass`: without a way, it goes up the stack.
 */
import { attachXdp, loadProgram, openMap } from '@skep/bpf';
import { DeviceMap, XdpAction, type XdpContext } from '@skep/ebpf';
import { makeFrame } from '@skep/wire';
import { End, toRight } from './lib/pair.ts';
import { runExample } from './lib/run.ts';

/** Where packets go on. */
export const ways = new DeviceMap({ name: 'ways', maxEntries: 1 });

/** Runs for what comes in. */
export function forward(_ctx: XdpContext): XdpAction {
  return ways.redirect(0, XdpAction.Drop);
}
/** The far end of a wire needs one, for packets to be sent there from the driver. */
export function receive(_ctx: XdpContext): XdpAction {
  return XdpAction.Pass;
}

runExample(import.meta.url, async (programs) => {
  const [left, middle, right] = [new End(), new End(), new End()];
  const peer = (name: string) => ({ name, namespaceFd: middle.network.namespace.number });
  left.network.links.createVeth({ name: 'wire', peer: peer('in') });
  right.network.links.createVeth({ name: 'wire', peer: peer('out') });
  for (const name of ['in', 'out']) middle.network.links.set(name, { isUp: true });
  left.open();
  right.open();

  const table = middle.inside(() => openMap(ways));
  const forwarder = loadProgram(programs('forward'), { maps: { ways: table.map } });
  const receiver = loadProgram(programs('receive'));
  const indexOf = (name: string) => middle.network.links.get(name).index;
  middle.inside(() => attachXdp({ program: forwarder, ifindex: indexOf('in'), mode: 'native' }));
  right.inside(() => attachXdp({ program: receiver, ifindex: right.ifindex, mode: 'native' }));

  const frame = makeFrame({ ...toRight, udp: { sourcePort: 4000, destinationPort: 53 } });
  const show = async (state: string): Promise<void> => {
    for (let count = 0; count < 3; count++) left.send(frame);
    console.log(`${state}: ${(await right.received()).length} of 3 arrive`);
  };
  await show('no way');
  middle.inside(() => table.update(0, indexOf('out')));
  await show('a way');
  table.delete(0);
  await show('no way');
});
