/** The machine that was measured: a figure without it says little. */
import { cpus, hostname, release, totalmem } from 'node:os';

/** What a record says of its machine. */
export interface MachineDescription {
  readonly host: string;
  readonly processor: string;
  readonly processorCount: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
}

/** This machine. */
export function describeMachine(): MachineDescription {
  const all = cpus();
  return {
    host: hostname(),
    processor: all[0]?.model.trim() ?? 'unknown',
    processorCount: all.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
  };
}

/** In one line. */
export function machineText(machine: MachineDescription): string {
  const { processor, processorCount, memoryGib, kernel, node } = machine;
  return `${processorCount} x ${processor}, ${memoryGib} GiB, Linux ${kernel}, Node ${node}`;
}
