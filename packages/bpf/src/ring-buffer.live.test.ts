import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { MapShape } from '@skep/bytecode';
import { type KernelError, UnmappedMemoryError } from '@skep/sys';
import { createMap } from './open-map.ts';
import { loadProgram, type Program } from './program.ts';
import { RingBufferReader } from './ring-buffer.ts';
import { testRunXdp } from './packet-run.ts';
import { cannotUseBpf, counterShape, reporting } from './testing/programs.ts';

const shape: MapShape = {
  name: 'ring',
  kind: 'ringBuffer',
  keySize: 0,
  valueSize: 0,
  maxEntries: 4096,
  flags: 0,
};
/** A record of 8 bytes with its header. */
const RECORD_BYTES = 16;

/** A program that sends one number, and the reader of what it sends. */
function trial(t: TestContext): { reader: RingBufferReader; send: (times: number) => number } {
  const ring = createMap(shape);
  const program: Program = loadProgram(reporting(0x1234, shape), { maps: { ring } });
  const reader = new RingBufferReader(ring);
  t.after(() => {
    reader.close();
    program.close();
    ring.close();
  });
  const packet = new Uint8Array(60);
  return { reader, send: (repeat) => testRunXdp(program, { packet, repeat }).returnValue | 0 };
}

describe('ring buffer', { skip: cannotUseBpf }, () => {
  test('records come once, in order, and their room is free afterwards', (t) => {
    const { reader, send } = trial(t);
    // Ten times around the ring, so that records lie across its end.
    for (let round = 0; round < 20; round++) {
      assert.equal(send(128), 0);
      const seen: string[] = [];
      assert.equal(reader.waitingBytes, 128 * RECORD_BYTES);
      const count = reader.drain((record) => seen.push(Buffer.from(record).toString('hex')));
      assert.equal(count, 128);
      assert.deepEqual([...new Set(seen)], ['3412000000000000']);
      assert.equal(reader.waitingBytes, 0);
    }
    assert.equal(
      reader.drain(() => assert.fail('a record came twice')),
      0,
    );
    const { records, bytes, waitingBytesMax } = reader.counts;
    assert.deepEqual([records, bytes, waitingBytesMax], [2560, 20480, 2048]);
  });

  test('a full ring refuses the program, and what was in it is whole', (t) => {
    const { reader, send } = trial(t);
    const EAGAIN = 11;
    assert.equal(send(1000), -EAGAIN);
    assert.equal(
      reader.drain(() => undefined),
      4096 / RECORD_BYTES - 1,
    );
  });

  test('what a callback throws comes out after the records behind it', (t) => {
    const { reader, send } = trial(t);
    send(3);
    let count = 0;
    const failing = () => {
      if (count++ === 0) throw new Error('first');
    };
    assert.throws(() => reader.drain(failing), /first/);
    assert.equal(count, 3);
  });

  test('a watch drains when records come', async (t) => {
    const { reader, send } = trial(t);
    let count = 0;
    await new Promise<void>((resolve, reject) => {
      const onRecord = () => {
        if (++count === 5) resolve();
      };
      reader.watch(onRecord, reject);
      assert.throws(() => reader.watch(onRecord, reject), /watched already/);
      setTimeout(() => send(5), 5);
    });
    assert.equal(count, 5);
  });

  test('an error in a watch ends it', async (t) => {
    const { reader, send } = trial(t);
    const error = await new Promise<unknown>((resolve) => {
      reader.watch(() => {
        throw new Error('decode');
      }, resolve);
      send(1);
    });
    assert.match(String(error), /decode/);
  });

  test('a closed reader is refused', (t) => {
    const { reader, send } = trial(t);
    reader.close();
    send(1);
    assert.throws(() => reader.drain(() => undefined), UnmappedMemoryError);
  });

  test('other kinds of maps are refused', (t) => {
    const map = createMap(counterShape);
    t.after(() => map.close());
    assert.throws(() => new RingBufferReader(map), /kind array, expected ringBuffer/);
    const isInvalid = (error: KernelError) => error.errnoName === 'EINVAL';
    assert.throws(() => createMap({ ...shape, maxEntries: 5000 }), isInvalid);
  });
});
