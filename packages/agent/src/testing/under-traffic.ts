/** For the live tests: what must not notice that a daemon ends, and that another one begins. */
import assert from 'node:assert/strict';
import type { KilledDaemon } from './killed-daemon.ts';
import type { Talker } from './talk.ts';

/** More than there is time for. */
const ENDLESS = 1_000_000;
/** Why packets of flows that were known, or that are allowed, would be dropped. */
const LOSSES = ['unknown connection state', 'missed tail call', 'connection not created'];
const BERT = { host: '10.98.0.2', port: 7000 };

/**
 * An open connection, datagrams of one flow and ever new connections, from before the task until
 * after it: all are answered. A datagram that is lost is not sent again.
 */
export async function underTraffic(world: KilledDaemon, task: () => Promise<void>): Promise<void> {
  const talkers = Array.from({ length: 3 }, () => world.newTalker('anna'));
  const [first, second, third] = talkers as [Talker, Talker, Talker];
  assert.equal(await first.ask({ connect: BERT.host, port: BERT.port }), 'connected');
  const answers = Promise.all([
    first.ask({ exchange: ENDLESS }),
    second.ask({ ...BERT, datagrams: ENDLESS }),
    third.ask({ ...BERT, connections: ENDLESS }),
  ]);
  await task();
  assert.equal(await world.connect('carl'), 'silence');
  for (const talker of talkers) talker.interrupt();
  const [lines, datagrams, connections] = await answers;
  assert.match(lines, /^([1-9]\d+) of \1 answered, longest under a second$/);
  assert.match(datagrams, /^([1-9]\d+) of \1 echoed$/);
  assert.match(connections, /^([1-9]\d+) of \1 echoed$/);
  const { droppedPackets, problems } = await world.client.status();
  assert.deepEqual(problems, []);
  const lost = Object.keys(droppedPackets).filter((reason) => LOSSES.includes(reason));
  assert.deepEqual(lost, []);
}
