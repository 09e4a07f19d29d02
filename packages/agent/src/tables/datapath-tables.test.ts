import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Enforced, SubjectEntry } from '@skep/contract';
import { subjects } from '@skep/datapath';
import { codecOf } from '@skep/ebpf';
import { DatapathTables } from './datapath-tables.ts';
import type { RawTables } from './raw-tables.ts';

/** One subject's row; other tables keep nothing. */
class SubjectRow implements RawTables {
  readonly writes: { readonly revision: number; readonly enforced: number }[] = [];
  private row: Uint8Array | undefined;

  update(map: unknown, _: Uint8Array, value: Uint8Array): void {
    if (map !== subjects) return;
    this.row = value;
    this.writes.push(codecOf(SubjectEntry).decode(value));
  }

  lookup(): Uint8Array | undefined {
    return this.row;
  }

  delete(): void {}
  entries(): never[] {
    return [];
  }
  setPolicy(): void {}
}

test('what is enforced is there before the revision that says so', () => {
  const row = new SubjectRow();
  const tables = new DatapathTables(row);
  const both = Enforced.Ingress | Enforced.Egress;
  tables.setSubject(7, { ingress: null, egress: null }, 1);
  tables.closeSubject(7, 2);
  tables.closeSubject(7, 3);
  tables.setSubject(7, { ingress: null, egress: null }, 4);
  assert.deepEqual(row.writes, [
    { revision: 1, enforced: 0 },
    { revision: 1, enforced: both },
    { revision: 2, enforced: both },
    { revision: 3, enforced: both },
    { revision: 3, enforced: 0 },
    { revision: 4, enforced: 0 },
  ]);
});
