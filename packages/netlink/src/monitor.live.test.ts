import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@skep/wire';
import { Monitor, type NetworkEvent } from './monitor.ts';
import { cannotMakeNamespaces, newPair } from './testing/sandbox.ts';

const skip = cannotMakeNamespaces;

function textOf(event: NetworkEvent): string {
  switch (event.topic) {
    case 'links':
      return `${event.isGone ? '-' : '+'}${event.link.name}`;
    case 'addresses':
      return `${event.isGone ? '-' : '+'}${formatAddress(event.address.address)}`;
    case 'routes':
      return `${event.isGone ? '-' : '+'}${formatPrefix(event.route.destination)}`;
    case 'neighbours':
      return `${event.isGone ? '-' : '+'}${formatAddress(event.neighbour.address)}`;
    case 'lost':
      return 'lost';
  }
}

/** Waits until all of these have come, in any order, among others. */
function expectEvents(wanted: string[]): {
  done: Promise<void>;
  onEvent(event: NetworkEvent): void;
} {
  const missing = new Set(wanted);
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return {
    done,
    onEvent(event) {
      missing.delete(textOf(event));
      if (missing.size === 0) finish();
    },
  };
}

test('changes are told as they happen', { skip }, async (context) => {
  const { left, leftIndex: linkIndex } = newPair(context);
  const expected = expectEvents(['+10.0.0.1', '+10.1.0.0/16', '+10.0.0.9', '-left']);
  const failures: unknown[] = [];
  const topics = ['links', 'addresses', 'routes', 'neighbours'] as const;
  const onError = (error: unknown) => failures.push(error);
  const monitor = new Monitor(left.namespace, topics, expected.onEvent, onError);
  context.after(() => monitor.close());
  left.addresses.add({ linkIndex, address: parseAddress('10.0.0.1'), prefixLength: 24 });
  left.routes.add({ destination: parsePrefix('10.1.0.0/16'), linkIndex });
  const mac = new Uint8Array(6).fill(2);
  left.neighbours.add({ linkIndex, address: parseAddress('10.0.0.9'), mac });
  left.links.delete('left');
  await expected.done;
  assert.deepEqual(failures, []);
});

test('lost events are told', { skip }, async (context) => {
  const { left, leftIndex: linkIndex } = newPair(context);
  const expected = expectEvents(['lost']);
  const monitor = new Monitor(left.namespace, ['links'], expected.onEvent, assert.ifError);
  context.after(() => monitor.close());
  // All in one turn of the event loop, so that nobody reads meanwhile.
  for (let count = 0; count < 1000; count++) left.links.set(linkIndex, { alias: `${count}` });
  await expected.done;
});

test('closing in the middle of events ends them', { skip }, async (context) => {
  const { left, leftIndex: linkIndex } = newPair(context);
  let count = 0;
  await new Promise<void>((resolve, reject) => {
    const monitor = new Monitor(
      left.namespace,
      ['links'],
      () => {
        count++;
        monitor.close();
        monitor.close();
        setImmediate(resolve);
      },
      reject,
    );
    for (const alias of ['one', 'two', 'three']) left.links.set(linkIndex, { alias });
  });
  assert.equal(count, 1);
});
