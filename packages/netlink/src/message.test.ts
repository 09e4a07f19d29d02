import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NLM_F, NLMSG, NLMSGERR_ATTR, RTM } from './abi.ts';
import { readLinkAddress } from './addresses.ts';
import { AttributeWriter, LITTLE_ENDIAN, viewOf } from './attributes.ts';
import { readLink } from './link.ts';
import { type Message, Request, readAcknowledgement, readMessages } from './message.ts';
import { readNeighbour } from './neighbours.ts';
import { MalformedMessageError } from './netlink-error.ts';
import { readRoute } from './routes.ts';

/** A message as the kernel would send it, from a structure and attributes. */
function encode(
  type: number,
  header: Uint8Array,
  write: (to: AttributeWriter) => void,
): Uint8Array {
  const request = new Request(type, 0, header);
  write(request.attributes);
  return request.encode(7);
}

function acknowledgement(errno: number, flags: number, rest: Uint8Array): Message {
  const payload = new Uint8Array(4 + rest.length);
  viewOf(payload).setInt32(0, -errno, LITTLE_ENDIAN);
  payload.set(rest, 4);
  return { type: NLMSG.ERROR, flags, sequence: 1, portId: 0, payload };
}

test('a request is read as it was written', () => {
  const request = new Request(RTM.NEWLINK, NLM_F.CREATE, Uint8Array.of(1, 2, 3, 4));
  request.attributes.text(3, 'lxc1');
  const [message, ...rest] = readMessages(request.encode(42, NLM_F.ACK));
  assert.equal(rest.length, 0);
  assert.equal(message?.type, RTM.NEWLINK);
  assert.equal(message?.flags, NLM_F.CREATE | NLM_F.ACK | NLM_F.REQUEST);
  assert.equal(message?.sequence, 42);
  assert.deepEqual([...message!.payload.subarray(0, 4)], [1, 2, 3, 4]);
});

test('several messages of one datagram', () => {
  const one = new Request(16, 0, new Uint8Array(4)).encode(1);
  const two = new Request(17, 0, new Uint8Array(8)).encode(2);
  const messages = readMessages(Uint8Array.from([...one, ...two]));
  assert.deepEqual(
    messages.map(({ type, sequence }) => [type, sequence]),
    [
      [16, 1],
      [17, 2],
    ],
  );
});

test('a datagram with a wrong length is refused', () => {
  const bytes = new Request(16, 0, new Uint8Array(4)).encode(1);
  assert.throws(
    () => readMessages(bytes.subarray(0, 10)),
    /10 bytes left, expected a message header/,
  );
  assert.throws(() => readMessages(bytes.subarray(0, 18)), /message length 20, expected 16 to 18/);
  viewOf(bytes).setUint32(0, 0, LITTLE_ENDIAN);
  assert.throws(() => readMessages(bytes), /message length 0/);
});

test('an acknowledgement tells the error and the sentence of the kernel', () => {
  const request = new Request(RTM.NEWLINK, 0, new Uint8Array(16));
  request.attributes.text(3, 'lxc1');
  const echo = request.encode(1);
  const text = new AttributeWriter().text(NLMSGERR_ATTR.MSG, 'name is taken').bytes;
  const whole = acknowledgement(17, NLM_F.ACK_TLVS, Uint8Array.from([...echo, ...text]));
  assert.deepEqual(readAcknowledgement(whole), {
    errno: 17,
    text: 'name is taken',
    missingAttribute: undefined,
  });
  const capped = Uint8Array.from([...echo.subarray(0, 16), ...text]);
  const flags = NLM_F.ACK_TLVS | NLM_F.CAPPED;
  assert.equal(readAcknowledgement(acknowledgement(17, flags, capped)).text, 'name is taken');
  // A success echoes the header only, whatever the flags say.
  assert.equal(readAcknowledgement(acknowledgement(0, NLM_F.ACK_TLVS, capped)).errno, 0);
});

test('an acknowledgement whose echo does not fit is refused', () => {
  const echo = new Request(RTM.NEWLINK, 0, new Uint8Array(16)).encode(1);
  viewOf(echo).setUint32(0, 4000, LITTLE_ENDIAN);
  const message = acknowledgement(17, NLM_F.ACK_TLVS, echo);
  assert.throws(() => readAcknowledgement(message), /request length 4000/);
  const positive = acknowledgement(-17, 0, echo);
  assert.throws(() => readAcknowledgement(positive), MalformedMessageError);
});

test('a dump may end without a status', () => {
  const done = { type: NLMSG.DONE, flags: 0, sequence: 1, portId: 0, payload: new Uint8Array(0) };
  assert.equal(readAcknowledgement(done).errno, 0);
});

const samples: { name: string; bytes: Uint8Array; read: (message: Message) => unknown }[] = [
  {
    name: 'link',
    bytes: encode(RTM.NEWLINK, new Uint8Array(16), (to) => {
      to.text(3, 'eth0').u32(4, 1500).blob(1, new Uint8Array(6)).blob(23, new Uint8Array(200));
      to.nest(18, (info) => info.text(1, 'veth'));
    }),
    read: readLink,
  },
  {
    name: 'address',
    bytes: encode(RTM.NEWADDR, Uint8Array.of(2, 24, 0, 0, 1, 0, 0, 0), (to) =>
      to
        .blob(1, Uint8Array.of(10, 0, 0, 1))
        .blob(2, Uint8Array.of(10, 0, 0, 1))
        .u32(8, 0x80),
    ),
    read: readLinkAddress,
  },
  {
    name: 'route',
    bytes: encode(RTM.NEWROUTE, Uint8Array.of(10, 64, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0), (to) =>
      to
        .blob(1, new Uint8Array(16))
        .u32(4, 2)
        .u32(15, 254)
        .nest(8, (metrics) => metrics.u32(2, 1400)),
    ),
    read: readRoute,
  },
  {
    name: 'neighbour',
    bytes: encode(RTM.NEWNEIGH, Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, 0x80, 0, 0, 0), (to) =>
      to.blob(1, Uint8Array.of(10, 0, 0, 1)).blob(2, new Uint8Array(6)),
    ),
    read: readNeighbour,
  },
];

for (const { name, bytes, read } of samples) {
  test(`a ${name} with changed or missing bytes is read or refused`, () => {
    assert.doesNotThrow(() => readMessages(bytes).map(read));
    const changes = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(changes, fc.nat(bytes.length), (list, length) => {
        const mutated = bytes.slice(0, length || bytes.length);
        for (const [offset, value] of list) if (offset < mutated.length) mutated[offset] = value;
        try {
          readMessages(mutated).map(read);
        } catch (error) {
          assert.ok(error instanceof MalformedMessageError, String(error));
        }
      }),
      { numRuns: 1500 },
    );
  });
}
