/** Fills linear memory: JavaScript's own `fill` goes byte by byte where memory is shared. */
import { CodeWriter, Wasm } from './code-writer.ts';
import { assemble } from './sections.ts';
import { type WasmMemory, type WasmModule, webAssembly } from './web-assembly.ts';

/** Makes `size` bytes from `place` on all `content`. */
export type Fill = (place: number, content: number, size: number) => void;

let fillModule: WasmModule | undefined;

/** For one memory. */
export function makeFill(memory: WasmMemory): Fill {
  fillModule ??= new webAssembly!.Module(fillBytes());
  const instance = new webAssembly!.Instance(fillModule, { machine: { memory } });
  return instance.exports.run as Fill;
}

function fillBytes(): Uint8Array {
  const code = new CodeWriter();
  for (const parameter of [0, 1, 2]) code.get(parameter);
  code.put(...Wasm.memoryFill, Wasm.end);
  const types = [{ parameters: ['i32', 'i32', 'i32'], results: [] }] as const;
  const body = { type: 0, locals: [], code: code.bytes };
  return assemble({ types, functions: [], globals: [], bodies: [body] });
}
