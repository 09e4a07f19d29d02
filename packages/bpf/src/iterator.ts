/**
 * Reading what an iterator program writes: the kernel calls it for one socket after the other while
 * somebody reads.
 */
import { readSync } from 'node:fs';
import { codecOf, type Decoded, type StructOf, type ValueOf } from '@skep/ebpf';
import { BpfAttachType, BpfAttribute, BpfCommand, Fd } from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpf } from './call.ts';
import { createLink, type Link } from './link.ts';
import type { Program } from './program.ts';

/** What one read asks for: the kernel hands out whole records. */
const BUFFER_BYTES = 32_768;

/**
 * Attaches an iterator program, which runs only when it is read.
 *
 * @throws KernelError
 * @since Linux 5.9
 */
export function attachIterator(program: Program): Link {
  const intent = { operation: 'attach iterator program', subject: program.name };
  return createLink({ program, target: 0, attachType: BpfAttachType.TRACE_ITER }, intent);
}

/**
 * Goes once over all sockets of the network namespace that the process is in, and reads what the
 * program has written for each.
 *
 * @param record the struct that the program writes
 * @throws KernelError; RangeError where it has written something else
 */
export function readIterator<S extends StructOf<object>>(
  link: Link,
  record: S,
): Decoded<ValueOf<S>>[] {
  const bytes = readAll(link);
  const { size } = record;
  if (bytes.length % size !== 0) {
    throw new RangeError(`read iterator: ${bytes.length} bytes, expected records of ${size}`);
  }
  const codec = codecOf(record);
  return Array.from({ length: bytes.length / size }, (_, index) =>
    codec.decode(bytes.subarray(index * size, (index + 1) * size)),
  );
}

function readAll(link: Link): Uint8Array {
  const { iterCreate } = BpfAttribute;
  const attribute = new Attribute(iterCreate.size).setU32(iterCreate.link_fd, link.fd.number);
  const intent = { operation: 'read iterator', subject: `of link ${link.info().id}` };
  const file = new Fd('file', bpf(BpfCommand.ITER_CREATE, attribute, intent));
  try {
    const parts: Uint8Array[] = [];
    for (;;) {
      const part = new Uint8Array(BUFFER_BYTES);
      const length = readSync(file.number, part);
      if (length === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, length));
    }
  } finally {
    file.close();
  }
}
