/** Helpers on maps. @source kernel/bpf/helpers.c, kernel/bpf/ringbuf.c */
import type { Cpu } from '../cpu.ts';
import { Errno } from '../errno.ts';
import { StepFault } from '../fault.ts';
import { MachineMap, Table } from '../maps/map.ts';
import { RingBufferMap } from '../maps/ring-buffer.ts';
import { forAll, type MachineHelper } from './helper.ts';

/** The map whose address a register holds. @throws StepFault when it holds none */
export function mapIn(cpu: Cpu, register: number): MachineMap {
  const region = cpu.regionOf(register);
  const map = region && MachineMap.of(region);
  if (!map) throw new StepFault(`r${register} holds no map, expected one`);
  return map;
}

function tableIn(cpu: Cpu, register: number): Table {
  const map = mapIn(cpu, register);
  if (map instanceof Table) return map;
  throw new StepFault(
    `map ${map.shape.name} is of kind ${map.shape.kind}, expected keys and values`,
  );
}

function ringBufferIn(cpu: Cpu, register: number): RingBufferMap {
  const map = mapIn(cpu, register);
  if (map instanceof RingBufferMap) return map;
  throw new StepFault(`map ${map.shape.name} is of kind ${map.shape.kind}, expected ringBuffer`);
}

const lookup: MachineHelper = {
  kinds: ['xdp', 'tc'],
  run(cpu) {
    const map = mapIn(cpu, 1);
    const { bytes } = cpu.locate(2, map.shape.keySize);
    const found = map.findAt(bytes, cpu.memory.offset, cpu.number);
    if (found) cpu.setAddress(0, found, 0);
    else cpu.setNumber(0, 0);
  },
};

function update(cpu: Cpu): number {
  const map = tableIn(cpu, 1);
  const key = cpu.bytes(2, map.shape.keySize);
  const value = cpu.bytes(3, map.shape.valueSize);
  const flag = cpu.high[4] === 0 ? cpu.u32(4) : -1;
  return flag < 0 || flag > 2 ? -Errno.EINVAL : map.put(key, value, flag, cpu.number);
}

function remove(cpu: Cpu): number {
  const map = tableIn(cpu, 1);
  return map.remove(cpu.bytes(2, map.shape.keySize));
}

function output(cpu: Cpu): number {
  const buffer = ringBufferIn(cpu, 1);
  const size = cpu.u32(3);
  const record = cpu.bytes(2, size);
  if (cpu.bits(4) > 3n) return -Errno.EINVAL;
  const region = buffer.reserve(size);
  if (!region) return -Errno.EAGAIN;
  region.bytes.set(record);
  buffer.finish(region, 'submitted');
  return 0;
}

const reserve: MachineHelper = {
  kinds: ['xdp', 'tc'],
  run(cpu) {
    const buffer = ringBufferIn(cpu, 1);
    const region = (cpu.low[3]! | cpu.high[3]!) === 0 ? buffer.reserve(cpu.u32(2)) : undefined;
    if (region) {
      cpu.openRecords.set(region, buffer);
      cpu.setAddress(0, region, 0);
    } else {
      cpu.setNumber(0, 0);
    }
  },
};

function finish(state: 'submitted' | 'discarded'): MachineHelper {
  return forAll((cpu) => {
    const region = cpu.regionOf(1);
    const buffer = region && cpu.openRecords.get(region);
    if (!region || !buffer) throw new StepFault('r1 holds no record that is reserved');
    cpu.openRecords.delete(region);
    buffer.finish(region, state);
    return 0;
  });
}

/** By number. */
export const mapHelpers: readonly (readonly [number, MachineHelper])[] = [
  [1, lookup],
  [2, forAll(update)],
  [3, forAll(remove)],
  [130, forAll(output)],
  [131, reserve],
  [132, finish('submitted')],
  [133, finish('discarded')],
  [134, forAll((cpu) => ringBufferIn(cpu, 1).query(Number(cpu.bits(2))))],
];
