/** The machine: generated code against the interpreter, which does the same. */
import {
  asm,
  encode,
  type EngineName,
  Machine,
  type ProgramObject,
  r0,
  r1,
  r2,
} from '@skep/bytecode';
import { TcpFlag } from '@skep/wire';
import type { Case, Effort } from '../harness/case.ts';
import { receiver, segment, sender } from '../harness/datapath-world.ts';
import { MachineWorld } from '../harness/machine-world.ts';
import { openPort443 } from '../harness/policies.ts';
import { knownPort } from '../harness/reference-flow.ts';
import { interleave } from '../harness/rounds.ts';
import { pairedRow, type Row } from '../harness/row.ts';

const XDP = 6;
const LOOPS = 10_000;
/** Runs of a packet that take as long as one loop. */
const PACKETS_A_LOOP = 1_000;
/** The interpreter is slow: a sample of it needs fewer runs. */
const INTERPRETED_SHARE = 20;
const engines = ['generated', 'interpreter'] as const;

/** Both engines on arithmetic and on the datapath's programs. */
export const machineCase: Case = {
  name: 'machine',
  about: 'programs on the machine without a kernel: generated code against the interpreter',
  run: async (effort) => {
    const rows: Row[] = [];
    const known = segmentTo(knownPort, TcpFlag.ACK);
    const denied = segmentTo(knownPort + 1, TcpFlag.SYN);
    for (const width of [32, 64] as const) rows.push(await loop(width, effort));
    for (const measure of [packets, packetsInTurns]) {
      rows.push(await measure('established, both sides', known, effort));
      rows.push(await measure('denied, repeated', denied, effort));
    }
    return rows;
  },
};

async function loop(width: 32 | 64, effort: Effort): Promise<Row> {
  const object = arithmeticLoop(width);
  const programs = engines.map((engine) => new Machine({ engine }).load(object));
  const [generated, interpreted] = programs.map((program) => () => {
    program.run({ packet: new Uint8Array(64) });
  });
  const about = { name: `arithmetic of ${width} bits, ${LOOPS} loops`, unit: 'ns/run' };
  return race(about, generated!, interpreted!, {
    ...effort,
    runs: effort.runs / PACKETS_A_LOOP,
  });
}

function arithmeticLoop(width: 32 | 64): ProgramObject {
  const step = (operator: 'add' | 'mul' | 'xor' | 'shr', value: number) =>
    asm.arithmetic(operator, width, r0, value);
  const code = encode([
    asm.mov64(r0, 1),
    asm.mov64(r1, LOOPS),
    asm.mov64(r2, 7),
    step('add', 77),
    step('mul', 48_271),
    step('xor', 0x5555),
    step('shr', 1),
    asm.arithmetic('add', width, r0, r2),
    asm.sub64(r1, 1),
    asm.branch('ne', 64, r1, 0, -7),
    asm.exit(),
  ]);
  const functions = [{ instruction: 0, name: 'arithmetic' }];
  const empty = { maps: [], mapReferences: [], lines: [], stackBytes: 0 };
  return { ...empty, name: 'arithmetic', programType: XDP, license: 'GPL', code, functions };
}

function segmentTo(destinationPort: number, flags: number): Uint8Array {
  const ports = { sourcePort: 40_000, destinationPort };
  return segment(sender, receiver.ipv4, { ...ports, flags });
}

/** Each packet is a run of its own: taken in, and its result made. */
async function packets(name: string, packet: Uint8Array, effort: Effort): Promise<Row> {
  const [generated, interpreted] = engines.map((engine) => {
    const world = establishedWorld(engine);
    return () => {
      world.send(sender, packet);
    };
  });
  return race({ name, unit: 'ns/packet' }, generated!, interpreted!, effort);
}

/** As the kernel's test run measures programs: turns of one run, by its own clock. */
async function packetsInTurns(name: string, packet: Uint8Array, effort: Effort): Promise<Row> {
  const [generated, interpreter] = engines.map(establishedWorld);
  const { rounds, runs } = effort;
  const samples = await interleave(
    [
      { name: 'generated', measure: () => generated!.timeTurns(sender, packet, runs) },
      {
        name: 'interpreter',
        measure: () => interpreter!.timeTurns(sender, packet, Math.ceil(runs / INTERPRETED_SHARE)),
      },
    ],
    rounds,
  );
  const about = { name: `${name}, in turns`, unit: 'ns/packet', referenceName: 'interpreter' };
  return pairedRow(about, samples.get('generated')!, samples.get('interpreter')!);
}

function establishedWorld(engine: EngineName): MachineWorld {
  const world = new MachineWorld(openPort443, { engine });
  establish(world);
  return world;
}

/** A handshake on the open port. */
function establish(world: MachineWorld): void {
  const there = { sourcePort: 40_000, destinationPort: knownPort };
  const back = { sourcePort: knownPort, destinationPort: 40_000 };
  world.send(sender, segment(sender, receiver.ipv4, { ...there, flags: TcpFlag.SYN }));
  const answer = { ...back, flags: TcpFlag.SYN | TcpFlag.ACK };
  world.send(receiver, segment(receiver, sender.ipv4, answer));
  world.send(sender, segment(sender, receiver.ipv4, { ...there, flags: TcpFlag.ACK }));
}

async function race(
  about: { readonly name: string; readonly unit: string },
  generated: () => void,
  interpreted: () => void,
  { rounds, runs }: Effort,
): Promise<Row> {
  const samples = await interleave(
    [
      { name: 'generated', measure: () => timeOf(generated, runs) },
      { name: 'interpreter', measure: () => timeOf(interpreted, runs / INTERPRETED_SHARE) },
    ],
    rounds,
  );
  const names = { ...about, referenceName: 'interpreter' };
  return pairedRow(names, samples.get('generated')!, samples.get('interpreter')!);
}

/** Nanoseconds each. */
function timeOf(run: () => void, runs: number): number {
  const count = Math.max(1, Math.round(runs));
  const started = process.hrtime.bigint();
  for (let done = 0; done < count; done++) run();
  return Number(process.hrtime.bigint() - started) / count;
}
