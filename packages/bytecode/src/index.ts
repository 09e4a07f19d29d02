export * from './object.ts';
export * as asm from './asm/build.ts';
export { checkProgram } from './checker/check.ts';
export { Refusal } from './checker/refusal.ts';
export * from './asm/decode.ts';
export * from './asm/encode.ts';
export * from './asm/instruction.ts';
export * from './asm/opcodes.ts';
export * from './listing/format.ts';
export * from './listing/helper-names.ts';
export * from './listing/listing.ts';
export type { ContextFields } from './machine/context.ts';
export type { Redirect } from './machine/cpu.ts';
export { Errno } from './machine/errno.ts';
export { MachineFault } from './machine/fault.ts';
export {
  LoadedProgram,
  Machine,
  type EngineName,
  type MachineOptions,
  type RunInput,
  RunResult,
} from './machine/machine.ts';
export { MachineMap, MapError, Table } from './machine/maps/map.ts';
export { MapOfMaps } from './machine/maps/map-of-maps.ts';
export { BloomFilterMap, QueueMap } from './machine/maps/queue.ts';
export { ProgramArrayMap } from './machine/maps/program-array.ts';
export { RingBufferMap } from './machine/maps/ring-buffer.ts';
export * from './map-shape.ts';
export * from './btf/builder.ts';
export { BtfKind } from './btf/kinds.ts';
export * from './btf/map-btf.ts';
export * from './btf/program-btf.ts';
export * from './btf/c-prototype.ts';
export * from './btf/reader.ts';
export { ObjectError } from './json-value.ts';
export * from './serialise.ts';
