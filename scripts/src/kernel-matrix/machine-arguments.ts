/** The virtual machine's hardware, as QEMU's command line. */
import { PORT_NAME } from './guest-protocol.ts';

/** Files of one virtual machine. */
export interface MachinePaths {
  readonly kernel: string;
  readonly archive: string;
  /** A Unix socket that this process listens on: the other end of the port. */
  readonly socket: string;
  /** Where the kernel's console is written. */
  readonly console: string;
}

const MEMORY_MEGABYTES = 2048;
/** As many as the machines that the project is developed on have. */
const CPUS = 2;

const kernelParameters = [
  'console=ttyS0',
  'quiet',
  'loglevel=4',
  'panic=-1',
  'mitigations=off',
  'nokaslr',
  // What the kernel measures the processor's own counter by, waits for a busy host: its clock has
  // run 22 times too fast. The machine's timer needs no measuring.
  'clocksource=hpet',
  'tsc=unstable',
  // On a busy host the timer's first interrupts come late; the kernel takes it for broken.
  'no_timer_check',
  'random.trust_cpu=on',
];

/**
 * Every instruction is translated (no KVM), the host's files are a share that cannot be written,
 * there is no network card. A guest that panics ends QEMU.
 */
export function machineArguments({ kernel, archive, socket, console }: MachinePaths): string[] {
  const options: Readonly<Record<string, string>> = {
    M: 'q35',
    accel: 'tcg,thread=multi',
    cpu: 'max',
    smp: String(CPUS),
    m: String(MEMORY_MEGABYTES),
    display: 'none',
    kernel,
    initrd: archive,
    append: kernelParameters.join(' '),
    serial: `file:${escaped(console)}`,
    fsdev: 'local,id=root,path=/,security_model=none,readonly=on,multidevs=remap',
    chardev: `socket,id=port,path=${escaped(socket)}`,
  };
  const devices = [
    'virtio-9p-pci,fsdev=root,mount_tag=root',
    'virtio-serial-pci',
    `virtserialport,chardev=port,name=${PORT_NAME}`,
  ];
  return [
    '-nodefaults',
    '-no-reboot',
    ...Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]),
    ...devices.flatMap((device) => ['-device', device]),
  ];
}

/** In QEMU's options a comma is written twice. */
function escaped(path: string): string {
  return path.replaceAll(',', ',,');
}
