/** The program here writes one record for every call: one for each socket, and one without. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { asm, r0, r1, r2, r3, r10 } from '@skep/bytecode';
import { programKinds, Struct, u32 } from '@skep/ebpf';
import { inNewNetworkNamespace } from '@skep/sys';
import { attachIterator, readIterator } from './iterator.ts';
import type { Link } from './link.ts';
import { probeProgram } from './probe.ts';
import { loadProgram } from './program.ts';
import { cannotUseBpf, returning } from './testing/programs.ts';
import { newListener, newSocket } from './testing/sockets.ts';

class Mark extends Struct({ value: u32 }) {}
class Other extends Struct({ one: u32, two: u32, three: u32 }) {}

const SEQ_WRITE = 127;
const { programType, attachType } = programKinds.socketIterator;

function attach(t: TestContext): Link {
  // Both pointers lie first: of the context to its meta, of that to the sequence.
  const object = probeProgram(programType, [
    asm.store(4, r10, -4, 0x5ce9),
    asm.load(8, r1, r1, 0),
    asm.load(8, r1, r1, 0),
    asm.mov64(r2, r10),
    asm.add64(r2, -4),
    asm.mov64(r3, 4),
    asm.callHelper(SEQ_WRITE),
    asm.mov64(r0, 0),
    asm.exit(),
  ]);
  const program = loadProgram({ ...object, attachType, attachTarget: 'tcp' });
  t.after(() => program.close());
  const link = attachIterator(program);
  t.after(() => link.close());
  return link;
}

describe('socket iterators', { skip: cannotUseBpf }, () => {
  test('a record for each socket of the own namespace, each time it is read', (t) => {
    const link = attach(t);
    inNewNetworkNamespace(() => {
      assert.equal(readIterator(link, Mark).length, 1);
      newListener(t);
      newListener(t);
      const records = readIterator(link, Mark);
      assert.deepEqual(records, new Array(3).fill({ value: 0x5ce9 }));
      newSocket(t, 'STREAM');
      assert.equal(readIterator(link, Mark).length, 3, 'a socket that is nowhere');
    });
  });

  test('records of another size are refused', (t) => {
    const link = attach(t);
    const read = () => inNewNetworkNamespace(() => readIterator(link, Other));
    assert.throws(read, /read iterator: 4 bytes, expected records of 12/);
  });

  test('a program of another kind is not attached', (t) => {
    const program = loadProgram(returning(programKinds.xdp.programType, 2));
    t.after(() => program.close());
    assert.throws(() => attachIterator(program), /attach iterator program/);
  });
});
