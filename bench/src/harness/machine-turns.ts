/**
 * Turns of one run on the machine that begin with the same frame each: as the kernel's, they get
 * what the turn before left of the packet, and the datapath rewrites what it delivers.
 */
import {
  asm,
  encode,
  mapShapeOf,
  type ProgramObject,
  r0,
  r1,
  r2,
  r3,
  r4,
  r6,
} from '@skep/bytecode';
import { ProgramArray } from '@skep/ebpf';

const TC = 3;
const TAIL_CALL = 12;
const DROP = 2;
/** Offsets in `struct __sk_buff`. */
const DATA = 76;
const DATA_END = 80;
/** Ethernet, IPv4 without options, and the first port, by words. */
const HEAD_BYTES = 36;

/** Where the program lies that follows. */
export const afterRestore = new ProgramArray({ name: 'b_next', maxEntries: 1 });

/** Measures what the restoring program costs: it does nothing. */
export const leafProgram: ProgramObject = {
  ...{ name: 'leaf', programType: TC, license: 'GPL', lines: [], stackBytes: 0 },
  code: encode([asm.mov64(r0, 0), asm.exit()]),
  ...{ maps: [], mapReferences: [], functions: [{ instruction: 0, name: 'leaf' }] },
};

/** A program that writes the frame's head over the packet and goes on with `afterRestore`. */
export function restoringProgram(frame: Uint8Array): ProgramObject {
  const head = new DataView(frame.buffer, frame.byteOffset, HEAD_BYTES);
  const stores = Array.from({ length: HEAD_BYTES / 4 }, (_, word) =>
    asm.store(4, r2, word * 4, head.getInt32(word * 4, true)),
  );
  const before = [
    asm.mov64(r6, r1),
    asm.load(4, r2, r6, DATA),
    asm.load(4, r3, r6, DATA_END),
    asm.mov64(r4, r2),
    asm.add64(r4, HEAD_BYTES),
    asm.branch('gt', 64, r4, r3, stores.length + 5),
    ...stores,
    asm.mov64(r1, r6),
  ];
  const after = [
    asm.loadMap(r2),
    asm.mov64(r3, 0),
    asm.callHelper(TAIL_CALL),
    asm.mov64(r0, DROP),
    asm.exit(),
  ];
  return {
    ...{ name: 'restore', programType: TC, license: 'GPL', lines: [], stackBytes: 0 },
    code: encode([...before, ...after]),
    maps: [mapShapeOf(afterRestore)],
    mapReferences: [{ instruction: before.length, map: afterRestore.name }],
    functions: [{ instruction: 0, name: 'restore' }],
  };
}
