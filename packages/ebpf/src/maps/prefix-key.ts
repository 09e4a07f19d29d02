/** What the kernel takes for the key of a longest prefix match. */
import type { Field, StructLayout } from '../struct.ts';

/**
 * A prefix's bits are counted from byte 4 on, padding included: a key with padding among its data
 * would compare less of it than its prefix says, and match what the prefix does not hold.
 *
 * @throws TypeError for a key that does not begin with a u32, or has padding before a field
 * @source struct bpf_lpm_trie_key_u8, include/uapi/linux/bpf.h; longest_prefix_match,
 *   kernel/bpf/lpm_trie.c
 */
export function requirePrefixKey(map: string, key: StructLayout): void {
  const [first] = key.fields;
  if (!isLength(first?.field)) {
    const found = first?.name ?? 'no field';
    throw new TypeError(`key of ${map}: found ${found} first, expected prefixLength: u32`);
  }
  const owners = ownersOfBytes(key);
  const gap = owners.indexOf(undefined);
  if (gap === -1) return;
  const next = owners.slice(gap).find((owner) => owner !== undefined);
  throw new TypeError(
    `key of ${map}: found padding before ${next}, which would count as bits of the prefix, ` +
      'expected none (Struct({ ... }, { packed: true }))',
  );
}

function isLength(field: Field | undefined): boolean {
  return field?.kind === 'integer' && field.type === 'u32' && !field.isBigEndian;
}

/** The path of the field that each byte belongs to, up to the last field; none of padding. */
function ownersOfBytes(key: StructLayout): (string | undefined)[] {
  const owners: (string | undefined)[] = [];
  const take = (field: Field, start: number, path: string): void => {
    if (field.kind === 'struct') {
      for (const each of field.fields)
        take(each.field, start + each.offset, `${path}.${each.name}`);
    } else if (field.kind === 'array') {
      for (let index = 0; index < field.count; index++)
        take(field.element, start + index * field.element.size, `${path}[${index}]`);
    } else {
      for (let byte = start; byte < start + field.size; byte++) owners[byte] = path;
    }
  };
  for (const { name, offset, field } of key.fields) take(field, offset, name);
  return Array.from(owners);
}
