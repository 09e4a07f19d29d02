/** Labels that come later: asked for until they are there, and only as long as they are wanted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttachmentKey } from '../views.ts';
import { LateLabels, type LabelSource } from './late-labels.ts';

const KEY: AttachmentKey = { containerId: 'abcdefabcdef0123', interfaceName: 'eth0' };

class Endpoints {
  isThere = true;
  labels: Readonly<Record<string, string>> | undefined;

  awaitsLabels(): boolean {
    return this.isThere && this.labels === undefined;
  }

  learnLabels(key: AttachmentKey, labels: Readonly<Record<string, string>>): void {
    assert.deepEqual(key, KEY);
    this.labels = labels;
  }
}

function failing(times: number, then: () => void = () => {}): LabelSource & { asked: number } {
  return {
    asked: 0,
    async labelsOf() {
      this.asked++;
      if (this.asked <= times) throw new Error(`no answer ${this.asked}`);
      then();
      return { app: 'web' };
    },
  };
}

test('it is asked again until it answers', async () => {
  const endpoints = new Endpoints();
  const source = failing(3);
  await new LateLabels(source, endpoints, 1).follow(KEY);
  assert.deepEqual([endpoints.labels, source.asked], [{ app: 'web' }, 4]);
});

test('an endpoint that is gone, or has got labels meanwhile, keeps what it has', async () => {
  const gone = new Endpoints();
  await new LateLabels(
    failing(0, () => (gone.isThere = false)),
    gone,
    1,
  ).follow(KEY);
  assert.equal(gone.labels, undefined);
  const told = new Endpoints();
  await new LateLabels(
    failing(0, () => (told.labels = { app: 'mine' })),
    told,
    1,
  ).follow(KEY);
  assert.deepEqual(told.labels, { app: 'mine' });
});

test('while there is no answer it says so, and no longer', async () => {
  const endpoints = new Endpoints();
  const late = new LateLabels(failing(1), endpoints, 100);
  const followed = late.follow(KEY);
  await new Promise((resolve) => setImmediate(resolve));
  assert.match(late.problems.join(), /^labels of container abcdefabcdef are not .*no answer 1/);
  await followed;
  assert.deepEqual(late.problems, []);
});

test('closed, it asks nobody', async () => {
  const endpoints = new Endpoints();
  const source = failing(1);
  const late = new LateLabels(source, endpoints, 60_000);
  const followed = late.follow(KEY);
  await new Promise((resolve) => setImmediate(resolve));
  late.close();
  await followed;
  assert.deepEqual([endpoints.labels, source.asked], [undefined, 1]);
});
