import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asm, type MapShape, r0, r1, r2, r3, r6, r10 } from '@skep/bytecode';
import { TcAction, XdpAction } from '@skep/ebpf';
import { BpfProgramType, type KernelError } from '@skep/sys';
import { codeTarget } from './code-target.ts';
import { MissingKernelFunctionError } from './errors.ts';
import { explainMissing, hasFeature } from './features.ts';
import { readMapInfo } from './info.ts';
import { openPinnedLink } from './link.ts';
import { createMap, openPinnedMap } from './open-map.ts';
import { loadProgram, openPinnedProgram, openProgramById } from './program.ts';
import { clearInnerMap, clearProgram, heldId, setInnerMap, setProgram } from './program-array.ts';
import { listPrograms } from './program-list.ts';
import { testRunTc, testRunXdp } from './packet-run.ts';
import { newPinDirectory } from './testing/pins.ts';
import { cannotUseBpf, counterShape, counting, jumping, program } from './testing/programs.ts';
import { returning } from './testing/programs.ts';
import { VerifierError } from './verifier-error.ts';

const { XDP, SCHED_CLS } = BpfProgramType;
const packet = new Uint8Array(60).fill(7);

describe('program', { skip: cannotUseBpf }, () => {
  test('the kernel tells what it made of it', (t) => {
    const loaded = loadProgram(returning(XDP, XdpAction.Pass));
    t.after(() => loaded.close());
    const { name, verifiedInstructions, translatedBytes, programType, tag } = loaded.info();
    assert.equal(name, 'trial');
    assert.equal(programType, XDP);
    assert.equal(verifiedInstructions, 2);
    assert.equal(translatedBytes, 16);
    assert.match(tag, /^[0-9a-f]{16}$/);
  });

  test('all programs of the machine are listed, with the maps that they use', (t) => {
    const counters = createMap(counterShape);
    t.after(() => counters.close());
    const object = counting(XDP, XdpAction.Drop, counterShape);
    const loaded = loadProgram(object, { maps: { [counterShape.name]: counters } });
    t.after(() => loaded.close());
    const { id } = readMapInfo(counters.fd);
    const users = listPrograms().filter(({ mapIds }) => mapIds.includes(id));
    assert.deepEqual(
      users.map((each) => each.id),
      [loaded.info().id],
    );
  });

  test('a refused one names the line of TypeScript, with the log of the kernel', () => {
    const object = program(XDP, [asm.exit()]);
    assert.throws(
      () => loadProgram(object),
      (error: VerifierError) => {
        assert.ok(error instanceof VerifierError);
        assert.match(error.message, /^load program trial: EACCES: R0 !read_ok at instruction 0/);
        assert.match(error.message, /\n {2}src\/trial\.ts:7:3\n {4}return verdict;$/);
        // Newer kernels say after it which line that is.
        assert.match(error.log, /^; return verdict;/m, 'line info is in the log');
        return true;
      },
    );
  });

  test('a good program loads even where its log would be enormous', (t) => {
    const steps = Array.from({ length: 3000 }, () => asm.add64(r0, 1));
    const loaded = loadProgram(program(XDP, [asm.mov64(r0, 0), ...steps, asm.exit()]));
    t.after(() => loaded.close());
    assert.equal(testRunXdp(loaded, { packet }).returnValue, 3000);
  });

  test('a function of the kernel is called by its name', (t) => {
    assert.equal(codeTarget().numberIterators, hasFeature('number iterators'));
    const lack = explainMissing('number iterators');
    if (lack) return t.skip(lack);
    const address = [asm.mov64(r1, r10), asm.add64(r1, -8)];
    const body = [
      ...[...address, asm.mov64(r2, 3), asm.mov64(r3, 5), asm.callKernelFunction(0)],
      ...[...address, asm.callKernelFunction(0), asm.mov64(r6, 7)],
      ...[asm.branch('eq', 64, r0, 0, 1), asm.load(4, r6, r0, 0)],
      ...[...address, asm.callKernelFunction(0), asm.mov64(r0, r6), asm.exit()],
    ];
    const names = ['bpf_iter_num_new', 'bpf_iter_num_next', 'bpf_iter_num_destroy'];
    const calls = [4, 7, 13].map((at, index) => ({ instruction: at, name: names[index]! }));
    const object = { ...program(XDP, body), kernelFunctions: calls };
    const loaded = loadProgram(object);
    t.after(() => loaded.close());
    assert.equal(testRunXdp(loaded, { packet }).returnValue, 3);
    const other = { ...object, kernelFunctions: [{ instruction: 4, name: 'bpf_no_such' }] };
    assert.throws(() => loadProgram(other), MissingKernelFunctionError);
    for (const [wrong, found] of [
      [{ parameters: 2 }, /bpf_iter_num_new: found 2 arguments, expected 3: the kernel's is int b/],
      [{ resultBytes: 8 }, /bpf_iter_num_new: found a result of 8 bytes, expected 4 bytes: the/],
    ] as const) {
      const [first, ...rest] = calls;
      const changed = { ...object, kernelFunctions: [{ ...first!, ...wrong }, ...rest] };
      assert.throws(() => loadProgram(changed), {
        name: 'KernelFunctionShapeError',
        message: found,
      });
    }
  });

  test('a map is put where the object names it, and must have its shape', (t) => {
    const map = createMap(counterShape);
    t.after(() => map.close());
    const object = counting(XDP, XdpAction.Drop, counterShape);
    const loaded = loadProgram(object, { maps: { counter: map } });
    t.after(() => loaded.close());
    assert.equal(testRunXdp(loaded, { packet, repeat: 5 }).returnValue, XdpAction.Drop);
    assert.equal(map.lookup(new Uint8Array(4))?.[0], 5);
    assert.throws(() => loadProgram(object), /map counter missing/);
    const wider = createMap({ ...counterShape, valueSize: 16 });
    t.after(() => wider.close());
    assert.throws(() => loadProgram(object, { maps: { counter: wider } }), {
      message:
        'load program trial: map counter: value size 16, expected 8 (made by another version?)',
    });
  });

  test('it is found again by its pin and by its number', (t) => {
    const path = `${newPinDirectory(t)}/trial`;
    const loaded = loadProgram(returning(XDP, XdpAction.Pass));
    loaded.pin(path);
    const { id } = loaded.info();
    loaded.close();
    const pinned = openPinnedProgram(path);
    t.after(() => pinned?.close());
    assert.equal(pinned?.info().id, id);
    const numbered = openProgramById(id);
    t.after(() => numbered.close());
    assert.equal(testRunXdp(numbered, { packet }).returnValue, XdpAction.Pass);
    assert.equal(openPinnedProgram(`${path}-none`), undefined);
    assert.throws(() => openPinnedLink(path), /found .*bpf-prog, expected a link/);
    assert.throws(() => openPinnedMap(path, counterShape), /expected a map/);
  });

  test('a pin outside a bpf file system is refused with advice', (t) => {
    const loaded = loadProgram(returning(XDP, XdpAction.Pass));
    t.after(() => loaded.close());
    assert.throws(() => loaded.pin('/dev/shm/skep-trial'), /dev\/shm is on no bpf file system/);
  });
});

describe('test run', { skip: cannotUseBpf }, () => {
  test('xdp: result, packet, metadata and time come back', (t) => {
    const loaded = loadProgram(returning(XDP, XdpAction.Transmit));
    t.after(() => loaded.close());
    const metadata = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const result = testRunXdp(loaded, { packet, context: { metadata }, repeat: 100 });
    assert.equal(result.returnValue, XdpAction.Transmit);
    assert.deepEqual(result.packet, packet);
    assert.deepEqual(result.context.metadata, metadata);
    assert.ok(result.durationNanoseconds >= 0);
  });

  test('traffic control: the context goes in and comes out', (t) => {
    const markOffset = 8;
    const cbOffset = 48;
    const loaded = loadProgram(
      program(SCHED_CLS, [
        asm.load(4, r0, r1, markOffset),
        asm.mov64(r2, 77),
        asm.store(4, r1, markOffset, r2),
        asm.mov64(r2, 78),
        asm.store(4, r1, cbOffset, r2),
        asm.exit(),
      ]),
    );
    t.after(() => loaded.close());
    const context = { mark: 5, cb: [1, 2, 3, 4, 5] };
    const result = testRunTc(loaded, { packet, context });
    assert.equal(result.returnValue, 5);
    assert.equal(result.context.mark, 77);
    assert.deepEqual(result.context.cb, [78, 2, 3, 4, 5]);
    assert.deepEqual(result.packet, packet);
  });

  test('a negative result is the same 32 bits', (t) => {
    const loaded = loadProgram(returning(SCHED_CLS, TcAction.Next));
    t.after(() => loaded.close());
    assert.equal(testRunTc(loaded, { packet }).returnValue | 0, TcAction.Next);
  });

  test('what cannot be run is refused', (t) => {
    const loaded = loadProgram(returning(XDP, XdpAction.Pass));
    t.after(() => loaded.close());
    const isInvalid = (error: KernelError) => error.errnoName === 'EINVAL';
    assert.throws(() => testRunXdp(loaded, { packet: new Uint8Array(5) }), isInvalid);
    assert.throws(() => testRunTc(loaded, { packet }), /type 6, expected 3 \(traffic control\)/);
  });
});

describe('program array', { skip: cannotUseBpf }, () => {
  const shape: MapShape = { ...counterShape, name: 'slots', kind: 'programArray', valueSize: 4 };

  test('a tail call finds the program that is in the slot', (t) => {
    const slots = createMap({ ...shape, maxEntries: 4 });
    const target = loadProgram(returning(XDP, XdpAction.Transmit));
    const object = jumping(2, slots.shape);
    const caller = loadProgram(object, { maps: { slots } });
    t.after(() => [caller, target, slots].forEach((each) => void each.close()));
    assert.equal(testRunXdp(caller, { packet }).returnValue, XdpAction.Aborted);
    setProgram(slots, 2, target.fd);
    assert.equal(heldId(slots, 2), target.info().id);
    assert.equal(testRunXdp(caller, { packet }).returnValue, XdpAction.Transmit);
    assert.equal(clearProgram(slots, 2), true);
    assert.equal(clearProgram(slots, 2), false);
    assert.equal(testRunXdp(caller, { packet }).returnValue, XdpAction.Aborted);
    assert.throws(() => setProgram(slots, 4, target.fd), /index 4, expected 0 to 3/);
  });

  test('maps go into maps, if they have the inner shape', (t) => {
    const inner: MapShape = { ...counterShape, name: 'inner', kind: 'hash' };
    const outer = createMap({ ...shape, name: 'outer', kind: 'arrayOfMaps', maxEntries: 2, inner });
    const fitting = createMap(inner);
    const other = createMap({ ...inner, keySize: 8 });
    t.after(() => [outer, fitting, other].forEach((each) => void each.close()));
    setInnerMap(outer, 1, fitting);
    assert.equal(heldId(outer, 1), readMapInfo(fitting.fd).id);
    assert.throws(() => setInnerMap(outer, 0, other), /map inner put in: EINVAL.*inner shape/);
    assert.equal(clearInnerMap(outer, 1), true);
    assert.equal(heldId(outer, 1), undefined);
    assert.throws(() => setProgram(outer, 1, fitting.fd as never), /expected programArray/);
  });
});
