/** Helpers on queues, stacks and Bloom filters. @source kernel/bpf/helpers.c */
import type { Cpu } from '../cpu.ts';
import { StepFault } from '../fault.ts';
import type { MachineHelper } from '../helpers/helper.ts';
import { forAll } from '../helpers/helper.ts';
import { MachineMap } from './map.ts';
import { ValueMap } from './queue.ts';

function valueMapIn(cpu: Cpu): ValueMap {
  const region = cpu.regionOf(1);
  const map = region && MachineMap.of(region);
  if (map instanceof ValueMap) return map;
  throw new StepFault('r1 holds no queue, stack or Bloom filter, expected one');
}

/** By number. */
export const queueHelpers: readonly (readonly [number, MachineHelper])[] = [
  [
    87,
    forAll((cpu) => {
      const map = valueMapIn(cpu);
      return map.push(cpu.bytes(2, map.shape.valueSize), Number(cpu.bits(3)));
    }),
  ],
  [
    88,
    forAll((cpu) => {
      const map = valueMapIn(cpu);
      return map.pop(cpu.bytes(2, map.shape.valueSize, true));
    }),
  ],
  [
    89,
    forAll((cpu) => {
      const map = valueMapIn(cpu);
      const isWritten = map.shape.kind !== 'bloomFilter';
      return map.peek(cpu.bytes(2, map.shape.valueSize, isWritten));
    }),
  ],
];
