import assert from 'node:assert/strict';
import test from 'node:test';
import { decode, Machine } from '@skep/bytecode';
import { FunctionBuilder } from '../ir/builder.ts';
import { Variable } from '../ir/variables.ts';
import { CompileError } from '../ir/compile-error.ts';
import type { IrFunction, IrProgram, Space } from '../ir/ir.ts';
import { parsePrograms } from '../ir/parse-programs.ts';
import { writePrograms } from '../ir/write-programs.ts';
import { compileProgram, prepareProgram } from './compile-program.ts';

const at = (space: Space, offset: number, size: 1 | 2 | 4 | 8) => ({ space, offset, size });

function programOf(...functions: IrFunction[]): IrProgram {
  return { name: functions[0]!.name, programType: 6, license: 'GPL', functions };
}

function run(program: IrProgram, options: Parameters<typeof compileProgram>[1] = {}): number {
  const object = compileProgram(program, options);
  return new Machine().load(object).run({ packet: new Uint8Array(64) }).returnValue;
}

/** Loads 16 numbers, then uses them in turn: more than any machine has registers for. */
function crowded(): IrProgram {
  const b = new FunctionBuilder('crowded');
  const context = b.context();
  const slot = b.slot('numbers', 128);
  for (let index = 0; index < 16; index++) {
    b.store(slot, at('stack', 8 * index, 8), b.constant(index * index, 64));
  }
  b.load(context, at('context', 12, 4));
  const loaded = Array.from({ length: 16 }, (_, index) => b.load(slot, at('stack', 8 * index, 8)));
  const sum = loaded.reduce((left, right, index) => {
    return b.binary(index % 2 ? 'add' : 'xor', b.binary('shl', left, b.constant(1, 64)), right);
  });
  b.return(b.resize(sum, 32));
  return programOf(b.finish());
}

test('the same result with many registers, few, and none', () => {
  const passes = { commonValues: false };
  const wanted = run(crowded(), { passes });
  for (const registers of [[0, 1, 2, 3], [6], []]) {
    assert.equal(run(crowded(), { passes, allocation: { registers } }), wanted, `${registers}`);
  }
  const starved = compileProgram(crowded(), { passes, allocation: { registers: [] } });
  assert.ok(starved.stackBytes > compileProgram(crowded(), { passes }).stackBytes);
});

test('slots that do not live at the same time share bytes', () => {
  const b = new FunctionBuilder('shared');
  const helper = { id: 7, name: 'get_prandom_u32', movesPacket: false };
  for (let index = 0; index < 4; index++) {
    const slot = b.slot(`record ${index}`, 200);
    b.store(slot, at('stack', 0, 4), b.constant(index, 32));
    b.atomicAdd(slot, at('stack', 0, 4), b.constant(1, 32));
    b.call(helper, []);
  }
  b.return(b.constant(0, 32));
  const object = compileProgram(programOf(b.finish()), { passes: { deadValues: false } });
  assert.equal(object.stackBytes, 200);
});

test('a constant goes into the context by way of a register, as Linux before 6.4 wants it', () => {
  const b = new FunctionBuilder('marks');
  b.store(b.context(), at('context', 8, 4), b.constant(77, 32));
  b.store(b.slot('record', 8), at('stack', 0, 4), b.constant(78, 32));
  b.return(b.constant(0, 32));
  const trafficControl = { ...programOf(b.finish()), programType: 3 };
  const { code } = compileProgram(trafficControl, { passes: { deadValues: false } });
  const stores = decode(code).filter((each) => each.kind === 'store');
  assert.deepEqual(
    stores.map(({ offset, source }) => [offset, typeof source]),
    [
      [8, 'object'],
      [-8, 'number'],
    ],
  );
});

test('a frame that is too large is refused with what takes the room', () => {
  const b = new FunctionBuilder('large');
  const slot = b.slot('record', 600);
  b.atomicAdd(slot, at('stack', 0, 8), b.constant(0, 64));
  b.return(b.constant(0, 32));
  assert.throws(() => compileProgram(programOf(b.finish())), {
    name: 'CompileError',
    message: /stack of large: 600 bytes, at most 512: largest record 600/,
  });
});

/** Calls `callee` with 20 and returns what it returns. */
function caller(name: string, callee: string): IrFunction {
  const b = new FunctionBuilder(name);
  b.return(b.resize(b.callSubprogram(callee, [b.constant(20, 64)], false), 32));
  return b.finish();
}

test('subprograms are linked; those that nobody calls are left out', () => {
  const b = new FunctionBuilder('double');
  b.return(b.binary('mul', b.parameter(0), b.constant(2, 64)));
  const double = b.finish();
  const object = compileProgram(
    programOf(caller('main', 'double'), caller('idle', 'double'), double),
  );
  assert.deepEqual(
    object.functions.map((each) => each.name),
    ['main', 'double'],
  );
  const result = new Machine().load(object).run({ packet: new Uint8Array(14) });
  assert.equal(result.returnValue, 40);
});

test('recursion and unknown subprograms are refused', () => {
  assert.throws(() => compileProgram(programOf(caller('a', 'b'), caller('b', 'a'))), {
    message: /recursion a -> b -> a/,
  });
  assert.throws(() => compileProgram(programOf(caller('a', 'c'))), CompileError);
});

test('load-time constants must be bound, each of them and no other', () => {
  const b = new FunctionBuilder('bound');
  b.return(b.loadTime('action', 32));
  const program = programOf(b.finish());
  assert.equal(run(program, { loadTime: { action: 3 } }), 3);
  assert.equal(run(program, { loadTime: { action: 1n } }), 1);
  assert.throws(() => compileProgram(program), /load-time constant 'action' is not bound/);
  assert.throws(() => compileProgram(program, { loadTime: {} }), /action of bound: not bound/);
  const loadTime = { action: 1, verdict: 2 };
  assert.throws(() => compileProgram(program, { loadTime }), /verdict .*unknown: expected action/);
});

test('every function begins with a source line; lines follow the code', () => {
  const b = new FunctionBuilder('lines', { file: 'a.ts', line: 1, column: 1, text: 'function' });
  b.position = { file: 'a.ts', line: 3, column: 3, text: 'return' };
  b.return(b.constant(0, 32));
  const { lines } = compileProgram(programOf(b.finish()));
  assert.deepEqual(
    lines.map((line) => [line.instruction, line.line]),
    [[0, 3]],
  );
});

/** Doubles what it loads where `doubles` says so; the sum of two constants is known before. */
function doubling(): IrProgram {
  const b = new FunctionBuilder('doubling');
  const index = b.load(b.context(), at('context', 12, 4), 32);
  const result = new Variable('result', 32);
  b.write(result, b.binary('add', b.constant(40, 32), b.constant(2, 32)));
  b.choose('ne', b.loadTime('doubles', 32), b.constant(0, 32), () => {
    b.write(result, b.binary('add', index, index));
  });
  b.return(b.read(result));
  return programOf(b.finish());
}

test('a prepared program is smaller, and does the same for every load-time constant', () => {
  const prepared = doubling();
  prepareProgram(prepared);
  const text = writePrograms([prepared]);
  assert.ok(text.length < writePrograms([doubling()]).length);
  const [read] = parsePrograms(text);
  const length = run(doubling(), { loadTime: { doubles: 1 } });
  assert.equal(run(read!, { loadTime: { doubles: 1 } }), length);
  assert.equal(run(doubling(), { loadTime: { doubles: 0 } }), 42);
  assert.equal(run(read!, { loadTime: { doubles: 0 } }), 42);
});

/** Reads a field of a struct of the kernel, and where `isPassed` gives its address away, too. */
function readsField(isPassed: boolean): IrProgram {
  const b = new FunctionBuilder('reads');
  const struct = b.load(b.context(), at('context', 0, 8), 64);
  const address = b.binary(
    'add',
    struct,
    b.kernelField({ struct: 'sock', field: 'mark', size: 4 }),
  );
  const mark = b.load(address, at('any', 0, 4), 32);
  const helper = { id: 9, name: 'takes', movesPacket: false };
  if (isPassed) b.call(helper, [address]);
  b.return(mark);
  return programOf(b.finish());
}

test('a load takes the offset of a field itself, unless somebody else needs the address', () => {
  for (const isPassed of [false, true]) {
    const { code, kernelFields } = compileProgram(readsField(isPassed));
    const kinds = decode(code).map(({ kind }) => kind);
    const [field] = kernelFields!;
    assert.equal(kernelFields!.length, 1);
    assert.equal(kinds[field!.instruction], isPassed ? 'loadConstant' : 'load');
  }
});
