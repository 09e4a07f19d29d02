/** Attaching to the lookup of sockets in a network namespace. */
import { BpfAttachType, type Fd } from '@skep/sys';
import { createLink, type Link } from './link.ts';
import type { Program } from './program.ts';

/**
 * Attaches a program that chooses sockets for new connections and datagrams of a namespace. Several
 * may be attached: one that chooses wins over one that does not, `Drop` over both.
 *
 * @throws KernelError
 * @since Linux 5.9
 */
export function attachSocketLookup(program: Program, namespace: Fd<'namespace'>): Link {
  return createLink(
    { program, target: namespace.number, attachType: BpfAttachType.SK_LOOKUP },
    { operation: 'attach socket lookup program', subject: program.name },
  );
}
