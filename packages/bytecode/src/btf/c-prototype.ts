/** Functions of BTF as C declares them, for people. */
import type { BtfId } from './builder.ts';
import { BtfKind } from './kinds.ts';
import type { Btf } from './reader.ts';

const DEPTH_MAX = 32;
const TAGS: Partial<Record<BtfKind, string>> = {
  [BtfKind.Struct]: 'struct ',
  [BtfKind.Union]: 'union ',
  [BtfKind.Enum]: 'enum ',
  [BtfKind.Enum64]: 'enum ',
};
const QUALIFIERS: Partial<Record<BtfKind, string>> = {
  [BtfKind.Const]: 'const ',
  [BtfKind.Volatile]: 'volatile ',
  [BtfKind.Restrict]: '',
  [BtfKind.TypeTag]: '',
};

/** Such as `int bpf_xdp_metadata_rx_timestamp(const struct xdp_md *ctx, u64 *timestamp)`. */
export function cPrototype(btf: Btf, id: BtfId): string {
  const { parameters, result } = btf.prototype(id);
  const named = parameters.map(({ name, type }) => spaced(cType(btf, type), name));
  return `${spaced(cType(btf, result), btf.type(id).name)}(${named.join(', ') || 'void'})`;
}

/** What C cannot write before a name, such as a function's address, is told roughly. */
function cType(btf: Btf, id: BtfId, depth = 0): string {
  if (id === 0) return 'void';
  if (depth > DEPTH_MAX) return '...';
  const { kind, name, type } = btf.type(id);
  if (kind === BtfKind.Pointer) return `${spaced(cType(btf, type, depth + 1), '*')}`;
  const qualifier = QUALIFIERS[kind];
  if (qualifier !== undefined) return qualifier + cType(btf, type, depth + 1);
  if (kind === BtfKind.FunctionPrototype) return 'function';
  return `${TAGS[kind] ?? ''}${name || '...'}`;
}

function spaced(type: string, name: string): string {
  return type.endsWith('*') ? `${type}${name}` : `${type} ${name}`;
}
