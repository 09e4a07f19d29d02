import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NLM_F, NLMSG, RTM } from './abi.ts';
import { LITTLE_ENDIAN, viewOf } from './attributes.ts';
import { type Channel, Exchange } from './exchange.ts';
import { Request, readMessages } from './message.ts';
import { NetlinkError } from './netlink-error.ts';

type Answer = (sequence: number) => Uint8Array[];

/** A kernel that answers each request with the next of the given answers. */
function channelOf(...answers: Answer[]): Channel & { sent: number } {
  const queue: Uint8Array[] = [];
  return {
    sent: 0,
    send(datagram) {
      const [request] = readMessages(datagram);
      queue.push(...(answers[this.sent++]?.(request!.sequence) ?? []));
    },
    receive() {
      const next = queue.shift();
      if (!next) throw new Error('nothing to receive');
      return next;
    },
  };
}

function message(
  type: number,
  sequence: number,
  flags = 0,
  payload: Uint8Array = new Uint8Array(4),
): Uint8Array {
  const bytes = new Request(type, 0, payload).encode(sequence);
  viewOf(bytes).setUint16(6, flags, LITTLE_ENDIAN);
  return bytes;
}

function status(errno: number): Uint8Array {
  const payload = new Uint8Array(20);
  viewOf(payload).setInt32(0, -errno, LITTLE_ENDIAN);
  return payload;
}

const intent = { operation: 'set link', subject: 'lxc1' };
const get = new Request(RTM.GETLINK, 0, new Uint8Array(16));

test('a request answers what came before the acknowledgement', () => {
  const channel = channelOf((s) => [
    message(RTM.NEWLINK, s),
    message(NLMSG.ERROR, s, 0, status(0)),
  ]);
  const answers = new Exchange(channel).request(get, intent);
  assert.deepEqual(
    answers.map(({ type }) => type),
    [RTM.NEWLINK],
  );
});

test('a refusal names operation, subject and error', () => {
  const channel = channelOf((s) => [message(NLMSG.ERROR, s, 0, status(19))]);
  assert.throws(
    () => new Exchange(channel).request(get, intent),
    (error) => {
      assert.ok(error instanceof NetlinkError);
      assert.equal(error.message, 'set link lxc1: ENODEV: no such device');
      assert.equal(error.errno, 19);
      assert.equal(error.errnoName, 'ENODEV');
      return true;
    },
  );
});

test('answers to an earlier request are not taken for those of this one', () => {
  const channel = channelOf((s) => [
    message(NLMSG.ERROR, s - 1, 0, status(1)),
    message(NLMSG.ERROR, s, 0, status(0)),
  ]);
  assert.deepEqual(new Exchange(channel).request(get, intent), []);
});

test('a dump that was interrupted is read again', () => {
  const done = (s: number) => message(NLMSG.DONE, s, NLM_F.MULTI);
  const channel = channelOf(
    (s) => [message(RTM.NEWLINK, s, NLM_F.MULTI | NLM_F.DUMP_INTR), done(s)],
    (s) => [message(RTM.NEWLINK, s, NLM_F.MULTI), message(RTM.NEWLINK, s, NLM_F.MULTI), done(s)],
  );
  assert.equal(new Exchange(channel).dump(get, intent).length, 2);
  assert.equal(channel.sent, 2);
});

test('a table that never keeps still is an error, not a guess', () => {
  const interrupted: Answer = (s) => [message(NLMSG.DONE, s, NLM_F.DUMP_INTR)];
  const channel = channelOf(...new Array<Answer>(20).fill(interrupted));
  assert.throws(() => new Exchange(channel).dump(get, intent), /EINTR.*changed during 10 attempts/);
});

test('a dump that the kernel refuses, at its start or at its end, is an error', () => {
  for (const type of [NLMSG.ERROR, NLMSG.DONE]) {
    const channel = channelOf((s) => [message(type, s, NLM_F.MULTI, status(1))]);
    assert.throws(() => new Exchange(channel).dump(get, intent), /EPERM/);
  }
});
