/** A thread that runs a program on one packet again and again: with others, on several CPUs. */
import { workerData } from 'node:worker_threads';
import { Program, testRunTc } from '@skep/bpf';
import { Fd } from '@skep/sys';

/** What the thread is told. */
export interface RunAgain {
  /** Of a program for traffic control; all threads of a process have the same descriptors. */
  readonly fd: number;
  readonly programType: number;
  readonly frame: Uint8Array;
  readonly repeat: number;
  readonly rounds: number;
}

const { fd, programType, frame, repeat, rounds } = workerData as RunAgain;
const program = new Program(new Fd('program', fd), 'again', programType);
for (let round = 0; round < rounds; round++) testRunTc(program, { packet: frame, repeat });
