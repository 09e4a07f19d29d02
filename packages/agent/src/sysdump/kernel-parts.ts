/** Tables and programs as they are pinned: without an agent, too, and of another build. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import {
  BpfMap,
  featureSince,
  type Feature,
  hasFeature,
  heldId,
  openPinnedLink,
  openPinnedObject,
  openProgramById,
  type ProgramInfo,
  readMapInfo,
  readProgramCode,
} from '@skep/bpf';
import { decodePlaced, formatInstruction, mapShapeOf } from '@skep/bytecode';
import { datapathMaps, hashKey, masqueradeMaps, packets, transits, uplinks } from '@skep/datapath';
import { codecOf, type Field, type MapDeclaration } from '@skep/ebpf';
import type { DumpPart } from './dump-part.ts';

/** Entries of one table that are written; of the others only how many there are. */
export const DUMPED_ENTRIES_MAX = 10_000;
/** Programs whose instructions are written. */
const DUMPED_PROGRAMS_MAX = 200;

/** The packet at hand is nobody's business; what nobody outside may compute hangs on the others. */
const UNTOLD: ReadonlySet<string> = new Set(
  [packets, transits, hashKey, uplinks].map(({ name }) => name),
);

/** The pinned tables, links and programs, and what the kernel can do. */
export function kernelParts(folder: string): DumpPart[] {
  const pins = [...pinsBelow(folder, 'maps'), ...pinsBelow(folder, 'masquerade')];
  const tables = pins.filter((path) => !UNTOLD.has(basename(path)));
  return [
    { file: 'kernel/pins.json', read: () => listPins(folder) },
    { file: 'kernel/features.json', read: probeAll },
    { file: 'kernel/programs.json', read: () => programIds(folder).map(describeProgram) },
    { file: 'kernel/programs.txt', read: () => listPrograms(folder) },
    ...tables.map((path) => ({
      file: `kernel/${path}.json`,
      read: () => readTable(join(folder, path)),
    })),
  ];
}

/** @throws Error where there are none */
function listPins(folder: string): Record<string, string[]> {
  const pins = {
    maps: pinsBelow(folder, 'maps'),
    masquerade: pinsBelow(folder, 'masquerade'),
    links: pinsBelow(folder, 'links'),
  };
  if (Object.values(pins).flat().length === 0) throw new Error(`nothing is pinned in ${folder}`);
  return pins;
}

/** Paths from the folder on, in all folders of a part: tables have one for each layout. */
function pinsBelow(folder: string, part: string): string[] {
  const top = join(folder, part);
  if (!existsSync(top)) return [];
  const entries = readdirSync(top, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

function probeAll(): Record<string, boolean | string> {
  return Object.fromEntries(
    (Object.keys(featureSince) as Feature[]).map((feature) => {
      try {
        return [feature, hasFeature(feature)];
      } catch (error) {
        return [feature, String(error)];
      }
    }),
  );
}

/** Numbers of the programs of links and of the tables that hold programs, each once. */
function programIds(folder: string): number[] {
  const ids = new Set<number>();
  for (const path of pinsBelow(folder, 'links')) {
    const link = openPinnedLink(join(folder, path));
    if (link) ids.add(link.info().programId);
    link?.close();
  }
  for (const path of pinsBelow(folder, 'maps')) {
    withMap(join(folder, path), (map) => {
      if (map.shape.kind !== 'programArray') return;
      for (const { programId } of heldPrograms(map)) ids.add(programId);
    });
  }
  return [...ids].sort((left, right) => left - right);
}

function heldPrograms(map: BpfMap): { readonly slot: number; readonly programId: number }[] {
  return Array.from({ length: map.shape.maxEntries }, (_, slot) => slot).flatMap((slot) => {
    const programId = heldId(map, slot);
    return programId === undefined ? [] : [{ slot, programId }];
  });
}

function describeProgram(id: number): ProgramInfo {
  const program = openProgramById(id);
  try {
    return program.info();
  } finally {
    program.close();
  }
}

function listPrograms(folder: string): string {
  const ids = programIds(folder);
  const texts = ids.slice(0, DUMPED_PROGRAMS_MAX).map(listProgram);
  const left = ids.length - texts.length;
  return [...texts, ...(left > 0 ? [`${left} more programs\n`] : [])].join('\n');
}

/** The instructions as the kernel runs them. */
function listProgram(id: number): string {
  const program = openProgramById(id);
  try {
    const code = readProgramCode(program.fd);
    return `program ${id} ${program.name}\n${instructionLines(code).join('\n')}\n`;
  } finally {
    program.close();
  }
}

/** The verifier puts in instructions that no program may have: those are shown as bytes. */
function instructionLines(code: Uint8Array): string[] {
  try {
    return decodePlaced(code).map(({ slot, instruction }) => {
      return `${String(slot).padStart(5)}: ${formatInstruction(instruction)}`;
    });
  } catch {
    return Array.from({ length: code.length / 8 }, (_, slot) => {
      const bytes = Buffer.from(code.subarray(slot * 8, slot * 8 + 8)).toString('hex');
      return `${String(slot).padStart(5)}: ${bytes}`;
    });
  }
}

function readTable(path: string): unknown {
  return withMap(path, (map) => {
    const { shape } = map;
    if (shape.kind === 'programArray') return { shape, slots: heldPrograms(map) };
    if (shape.keySize === 0) return { shape };
    const entries: unknown[] = [];
    const decode = decoderOf(map);
    let count = 0;
    for (const [key, value] of map.entries()) {
      const isArrayRow = shape.kind === 'array' || shape.kind === 'perCpuArray';
      if (isArrayRow && value.every((byte) => byte === 0)) continue;
      if (++count <= DUMPED_ENTRIES_MAX) entries.push(decode(key, value));
    }
    return { shape, count, entries };
  });
}

/** Entries by field where the table has the shape of this build, else as bytes. */
function decoderOf(map: BpfMap): (key: Uint8Array, value: Uint8Array) => unknown {
  const declared = [...datapathMaps, ...masqueradeMaps].find(({ name }) => name === map.name);
  if (!declared || !isShapeOf(map, declared)) {
    return (key, value) => ({ key: hex(key), value: hex(value) });
  }
  const readKey = fieldReader(declared.key, map.shape.keySize);
  const stride = Math.ceil(map.shape.valueSize / 8) * 8;
  const isPerCpu = map.shape.kind.startsWith('perCpu');
  const readValue = fieldReader(declared.value, map.shape.valueSize);
  return (key, value) => ({
    key: readKey(key),
    value: isPerCpu
      ? Array.from({ length: value.length / stride }, (_, cpu) =>
          readValue(value.subarray(cpu * stride, cpu * stride + map.shape.valueSize)),
        )
      : readValue(value),
  });
}

function isShapeOf({ shape }: BpfMap, declared: MapDeclaration): boolean {
  const { kind, keySize, valueSize } = mapShapeOf(declared);
  return shape.kind === kind && shape.keySize === keySize && shape.valueSize === valueSize;
}

function fieldReader(field: unknown, size: number): (bytes: Uint8Array) => unknown {
  const codec = codecOf(field as Field);
  return codec.size === size ? (bytes) => codec.decode(bytes) : hex;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** @throws Error where nothing is pinned there */
function withMap<T>(path: string, task: (map: BpfMap) => T): T {
  const fd = openPinnedObject('map', path);
  if (fd === undefined) throw new Error(`${path} is gone`);
  try {
    return task(new BpfMap(fd, readMapInfo(fd).shape));
  } finally {
    fd.close();
  }
}
