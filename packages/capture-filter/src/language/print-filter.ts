/** A parsed filter as text again, with all that was left out written down. */
import type { Arithmetic, Operand, Syntax } from './syntax.ts';

/** Fully parenthesised; each value has its own qualifiers. It parses to the same tree. */
export function printFilter(syntax: Syntax): string {
  switch (syntax.kind) {
    case 'all':
      return '';
    case 'and':
    case 'or':
      return `(${printFilter(syntax.left)} ${syntax.kind} ${printFilter(syntax.right)})`;
    case 'not':
      return `not ${printFilter(syntax.of)}`;
    case 'protocol':
      return syntax.protocol;
    case 'broadcast':
    case 'multicast':
      return syntax.protocol ? `${syntax.protocol} ${syntax.kind}` : syntax.kind;
    case 'vlan':
      return syntax.id === undefined ? 'vlan' : `vlan ${syntax.id}`;
    case 'relation': {
      const [left, right] = [printArithmetic(syntax.left), printArithmetic(syntax.right)];
      return `${left} ${syntax.operator} ${right}`;
    }
    case 'value':
      return printValue(syntax);
  }
}

const directions = { src: 'src', dst: 'dst', either: 'src or dst', both: 'src and dst' } as const;

function printValue({ qualifiers, operand }: Extract<Syntax, { kind: 'value' }>): string {
  const { protocol, direction, kind } = qualifiers;
  const words = [protocol, direction && directions[direction], kind, printOperand(operand)];
  return words.filter((word) => word !== undefined).join(' ');
}

function printOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'number':
      return String(operand.value);
    case 'ipv4':
      if (operand.mask === undefined) return operand.text;
      if (typeof operand.mask === 'string') return `${operand.text} mask ${operand.mask}`;
      return `${operand.text}/${operand.mask}`;
    case 'ipv6':
      return operand.length === undefined ? operand.text : `${operand.text}/${operand.length}`;
    case 'mac':
      return operand.text;
    case 'name':
      return `\\${operand.text}`;
  }
}

/** Fully parenthesised. */
function printArithmetic(value: Arithmetic): string {
  switch (value.kind) {
    case 'number':
      return String(value.value);
    case 'length':
      return 'len';
    case 'bytes': {
      const size = value.size === 1 ? '' : `:${value.size}`;
      return `${value.protocol}[${printArithmetic(value.index)}${size}]`;
    }
    case 'negate':
      return `(- ${printArithmetic(value.of)})`;
    case 'binary': {
      const [left, right] = [printArithmetic(value.left), printArithmetic(value.right)];
      return `(${left} ${value.operator} ${right})`;
    }
  }
}
