/** What can be asked of packets: a filter, or a classic program; each becomes blocks of the IR. */
import type { Block, FunctionBuilder } from '@skep/compiler';
import type { PacketReader } from './packet-reader.ts';

/** Where control goes when the answer is known. */
export interface Exits {
  readonly match: Block;
  readonly miss: Block;
}

/** Something that decides whether a packet matches. */
export interface Matcher {
  /**
   * Bytes from the packet's start beyond which nothing is read; `Infinity` where the packet itself
   * says what is read.
   */
  readonly reach: number;
  /** Fields of the packet's context that are asked for, by what classic BPF calls them. */
  readonly ancillary: readonly string[];
  /** Emits the decision from the current block on; the exits are sealed by the caller. */
  emit(builder: FunctionBuilder, reader: PacketReader, exits: Exits): void;
}
