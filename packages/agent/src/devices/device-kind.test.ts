import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseDeviceKind, type DeviceChoice } from './device-kind.ts';

const cases: readonly { have: [DeviceChoice, boolean]; want: string }[] = [
  { have: ['auto', true], want: 'netkit' },
  { have: ['auto', false], want: 'veth' },
  { have: ['veth', true], want: 'veth' },
  { have: ['veth', false], want: 'veth' },
  { have: ['netkit', true], want: 'netkit' },
];

for (const { have, want } of cases) {
  const [choice, hasNetkit] = have;
  test(`${choice} ${hasNetkit ? 'with' : 'without'} netkit is ${want}`, () => {
    assert.equal(chooseDeviceKind(choice, hasNetkit), want);
  });
}

test('netkit on a kernel without it is refused, with the kernel that has it', () => {
  const message = /^connect endpoints by netkit: needs Linux 6\.7 .* \(use auto, or veth\)$/;
  const code = 'ERR_DEVICE_KIND';
  assert.throws(() => chooseDeviceKind('netkit', false), { code, message });
});
