/**
 * What a run came to, in one list of whole numbers: few of its parts are ever asked for, and those
 * are made then.
 *
 *     words of the packet, of the calls, of the fields; packet; calls; fields
 */
import type { Context } from './context.ts';
import type { Cpu } from './cpu.ts';

const PACKET = 0;
const CALLS = 1;
const FIELDS = 2;
const HEAD = 3;

/** The list, of the right length at once: it is made for each run. */
export type RunRecord = readonly number[];

/** Takes the calls of helpers. @param packetWords what the packet takes of the record */
export function takeRecord(cpu: Cpu, context: Context, packetWords: number): RunRecord {
  const callWords = cpu.callWords();
  const fieldWords = context.fieldWords();
  const record = new Array<number>(HEAD + packetWords + callWords + fieldWords);
  record[PACKET] = packetWords;
  record[CALLS] = callWords;
  record[FIELDS] = fieldWords;
  cpu.packet.copyWords(record, HEAD, packetWords);
  cpu.takeCalls(record, HEAD + packetWords);
  context.copyFields(record, HEAD + packetWords + callWords);
  return record;
}

/** The packet, which has so many bytes. */
export function recordedPacket(record: RunRecord, length: number): Uint8Array {
  const words = Int32Array.from(record.slice(HEAD, HEAD + record[PACKET]!));
  return new Uint8Array(words.buffer).slice(0, length);
}

/** Number and calls of each helper that was called, one after the other. */
export function recordedCalls(record: RunRecord): readonly number[] {
  const begin = HEAD + record[PACKET]!;
  return record.slice(begin, begin + record[CALLS]!);
}

/** What `Context.fieldsOf` takes. */
export function recordedFields(record: RunRecord): readonly number[] {
  return record.slice(HEAD + record[PACKET]! + record[CALLS]!);
}
