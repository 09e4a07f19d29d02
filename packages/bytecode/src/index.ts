export * from './object.ts';
export * as asm from './asm/build.ts';
export * from './asm/decode.ts';
export * from './asm/encode.ts';
export * from './asm/instruction.ts';
export * from './asm/opcodes.ts';
export * from './map-shape.ts';
