/**
 * The IR as text, for people and for tests. Blocks are `b` and values `v` with their number; what
 * stands in no block is written where it is used.
 */
import type { Access, Block, IrFunction, IrProgram, Terminator, Value } from './ir.ts';

/** @example `program lb type 6 GPL`, then its functions. */
export function printProgram(program: IrProgram): string {
  const { name, programType, attachType, attachTarget, license } = program;
  const type = [programType, attachType, attachTarget].filter((each) => each !== undefined);
  const head = `program ${name} type ${type.join(' ')} ${license}`;
  return [head, ...program.functions.map(printFunction)].join('\n');
}

/** @example `function f`, then `b0:`, `  v1:64 = context`, `  return 2` */
export function printFunction(made: IrFunction): string {
  const global = made.global && `global (${made.global.join(', ')})`;
  const lines = [['function', made.name, ...(global ? [global] : [])].join(' ')];
  for (const block of made.blocks) {
    const from = block.predecessors.map((each) => ` ${printBlockName(each)}`).join('');
    lines.push(`${printBlockName(block)}:${from && ` <-${from}`}`);
    for (const value of block.values) lines.push(`  ${printValue(value)}`);
    if (block.terminator) lines.push(`  ${printEnd(block.terminator)}`);
  }
  return lines.join('\n');
}

/** @example `b3` */
export function printBlockName(block: Block): string {
  return `b${block.id}`;
}

/** @example `v7:32 = add v5 1`, `store 4 packet [v2 + 30] v7` */
export function printValue(value: Value): string {
  const { operation, operands } = value;
  const names = operands.map(printOperand);
  const result = `v${value.id}:${value.width} = `;
  switch (operation.op) {
    case 'load':
      return `${result}load ${printAccess(operation.access, names[0])}`;
    case 'store':
    case 'atomicAdd':
      return `${operation.op} ${printAccess(operation.access, names[0])} ${names[1]}`;
    case 'atomicFetch': {
      const [base, ...values] = names;
      const address = printAccess(operation.access, base);
      return [`${result}fetch ${operation.operator} ${address}`, ...values].join(' ');
    }
    case 'call':
    case 'callSubprogram':
    case 'callKernelFunction':
      return `${result}${operation.op} ${operation.name}(${names.join(', ')})`;
    case 'byteSwap':
      return `${result}byteSwap${operation.bits} ${names.join(' ')}`;
    case 'parameter':
      return `${result}parameter ${operation.index}`;
    case 'turn':
      return `${result}turn below ${operation.limit}`;
    case 'constant':
    case 'map':
    case 'mapValue':
    case 'slot':
    case 'loadTime':
    case 'function':
    case 'kernelField':
      return printOperand(value);
    default:
      return [`${result}${operation.op}`, ...names].join(' ');
  }
}

function printAccess(access: Access, base: string | undefined): string {
  const { size, space, offset, isAtomic } = access;
  const what = isAtomic ? `${size} atomic` : `${size}`;
  return `${what} ${space} [${base}${offset < 0 ? ` - ${-offset}` : ` + ${offset}`}]`;
}

function printOperand(value: Value): string {
  const { operation } = value;
  switch (operation.op) {
    case 'constant':
      return printConstant(operation.bits);
    case 'map':
      return `&${operation.map.name}`;
    case 'mapValue':
      return `&${operation.map.name}[0]`;
    case 'slot':
      return `&${operation.slot.name}`;
    case 'loadTime':
      return `$${operation.name}`;
    case 'function':
      return `&${operation.name}()`;
    case 'kernelField':
      return `@${operation.struct}.${operation.field}`;
    default:
      return `v${value.id}`;
  }
}

function printConstant(bits: bigint): string {
  return bits < 0x10000n ? `${bits}` : `0x${bits.toString(16)}`;
}

function printEnd(end: Terminator): string {
  switch (end.kind) {
    case 'jump':
      return `jump ${printBlockName(end.to)}`;
    case 'return':
      return `return ${printOperand(end.value)}`;
    case 'branch': {
      const [left, right] = [printOperand(end.left), printOperand(end.right)];
      const targets = `${printBlockName(end.ifTrue)} ${printBlockName(end.ifFalse)}`;
      return `branch ${end.comparison} ${left} ${right} ${targets}`;
    }
  }
}
