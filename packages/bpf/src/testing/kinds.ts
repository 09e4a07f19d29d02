/** For the tests of this package: programs of each kind, and whether they let things pass. */
import type { TestContext } from 'node:test';
import { contextShapes } from '@skep/ebpf';
import { type Fd, type KernelError, MessageFlag, receiveBytes, sendBytes } from '@skep/sys';
import { loadProgram, type Program } from '../program.ts';
import { returning } from './programs.ts';
import { local, portOf } from './sockets.ts';

/** The smallest program with a context, which returns one result. */
export function ending(context: TestContext, name: string, result: number): Program {
  const { programType, facts } = contextShapes[name]!;
  const { attachType } = facts;
  const options = attachType === undefined ? {} : { attachType };
  const program = loadProgram(returning(programType, result), options);
  context.after(() => program.close());
  return program;
}

/** What the kernel refused it with; `undefined` where it did not. */
export function errnoOf(task: () => unknown): string | undefined {
  try {
    task();
    return undefined;
  } catch (error) {
    return (error as KernelError).errnoName;
  }
}

/** What is sent. */
export const word = Uint8Array.of(1, 2, 3, 4);

/** Whether a datagram from one socket to another arrives. */
export function arrives(from: Fd<'socket'>, to: Fd<'socket'>): boolean {
  sendBytes(from, word, local(portOf(to)));
  return receiveBytes(to, new Uint8Array(8), MessageFlag.DONTWAIT) === word.length;
}
