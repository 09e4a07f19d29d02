/**
 * Attaching to a map of sockets: by a link where the kernel has one for it, else to the map itself.
 * A socket keeps the programs that the map had when it was put in.
 */
import { BpfAttribute, BpfCommand, BpfProgramType, Errno, KernelError } from '@skep/sys';
import { Attribute } from './attribute.ts';
import { bpf } from './call.ts';
import { createLink, type Link } from './link.ts';
import type { BpfMap } from './map.ts';
import type { Program } from './program.ts';

/** A program attached to a map of sockets. */
export interface SocketMapAttachment {
  /** `undefined` where the kernel has no link for it: then it ends with the map. @since 6.10 */
  readonly link: Link | undefined;
  /** Ends the attachment for sockets that are put in from now on. @throws KernelError */
  detach(): void;
}

/**
 * Attaches a parser, a verdict or a message program; the map runs it for the sockets that are put
 * in from then on.
 *
 * @param mechanism `link` where the kernel has it, if absent
 * @throws TypeError for a program of another kind; KernelError: EBUSY where the map has one such
 *   program, or a verdict with a parser beside one without
 * @since Linux 4.14; messages 4.17, verdicts without parser 5.13
 */
export function attachSocketMap(
  program: Program,
  map: BpfMap,
  mechanism?: 'link' | 'map',
): SocketMapAttachment {
  const attachType = requireAttachType(program);
  const intent = {
    operation: 'attach socket map program',
    subject: program.name,
    detail: `map ${map.name}`,
  };
  if (mechanism !== 'map') {
    try {
      const link = createLink({ program, target: map.fd.number, attachType }, intent);
      return { link, detach: () => link.close() };
    } catch (error) {
      const isRefusal = error instanceof KernelError && error.errno === Errno.EINVAL;
      if (mechanism === 'link' || !isRefusal) throw error;
    }
  }
  const { programAttach } = BpfAttribute;
  const attribute = new Attribute(programAttach.size)
    .setU32(programAttach.target_fd, map.fd.number)
    .setU32(programAttach.attach_bpf_fd, program.fd.number)
    .setU32(programAttach.attach_type, attachType);
  bpf(BpfCommand.PROG_ATTACH, attribute, intent);
  return {
    link: undefined,
    detach: () => {
      const operation = 'detach socket map program';
      bpf(BpfCommand.PROG_DETACH, attribute, { ...intent, operation });
    },
  };
}

function requireAttachType({ name, programType, attachType }: Program): number {
  const isOfSockets =
    programType === BpfProgramType.SK_SKB || programType === BpfProgramType.SK_MSG;
  if (isOfSockets && attachType !== undefined) return attachType;
  const expected = 'the context of a stream parser, a verdict or a message';
  throw new TypeError(
    `attach socket map program ${name}: type ${programType}, expected ${expected}`,
  );
}
