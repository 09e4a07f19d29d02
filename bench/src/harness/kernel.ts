/** Maps and programs for measuring: made, filled, and closed again. */
import {
  type BpfMap,
  createMap,
  loadProgram,
  type Program,
  testRunTc,
  testRunXdp,
} from '@skep/bpf';
import { mapShapeOf, type ProgramObject } from '@skep/bytecode';
import { codecOf, contextShapes, type Field, type MapDeclaration } from '@skep/ebpf';

/** The kernel's numbers of the two kinds of program that are measured. */
export const programTypes = {
  xdp: contextShapes.XdpContext!.programType,
  tc: contextShapes.TcContext!.programType,
} as const;

/** A value in the bytes of a table. */
export function bytesOf(field: Field, value: unknown): Uint8Array {
  const bytes = new Uint8Array(field.size);
  codecOf(field).encode(value as never, bytes);
  return bytes;
}

/** Maps and programs of one case; `close` gives back all of them, also after a failure. */
export class Bench {
  readonly maps: Record<string, BpfMap> = {};
  readonly #programs: Program[] = [];

  /** The map of a declaration, made at first sight. */
  map(declaration: MapDeclaration): BpfMap {
    this.maps[declaration.name] ??= createMap(mapShapeOf(declaration));
    return this.maps[declaration.name]!;
  }

  /** Writes one entry. */
  put(declaration: MapDeclaration, key: unknown, value: unknown): void {
    const keyBytes = bytesOf(declaration.key as Field, key);
    this.map(declaration).update(keyBytes, bytesOf(declaration.value as Field, value));
  }

  /**
   * Loads a program over the maps of this bench; those that it names and that are not there yet are
   * made.
   */
  load(object: ProgramObject): Program {
    for (const shape of object.maps) this.maps[shape.name] ??= createMap(shape);
    const program = loadProgram(object, { maps: this.maps });
    this.#programs.push(program);
    return program;
  }

  /** Closes everything. */
  close(): void {
    for (const program of this.#programs) program.close();
    for (const map of Object.values(this.maps)) map.close();
  }
}

/** Mean nanoseconds of one run on the packet. */
export function timePacket(program: Program, packet: Uint8Array, runs: number): number {
  const run = program.programType === programTypes.xdp ? testRunXdp : testRunTc;
  return run(program, { packet, repeat: runs }).durationNanoseconds;
}

/** What the program answers for the packet. */
export function verdictOf(program: Program, packet: Uint8Array): number {
  const run = program.programType === programTypes.xdp ? testRunXdp : testRunTc;
  return run(program, { packet }).returnValue;
}
