/** How fast the kernel's jiffies tick: no file says it for sure, so it is measured. */
import { loadProgram, testRunTc } from '@skep/bpf';
import { compileProgram, FunctionBuilder } from '@skep/compiler';
import { contextShapes } from '@skep/ebpf';

const JIFFIES = { id: 118, name: 'jiffies64', movesPacket: false };
/** The choices of CONFIG_HZ. @source kernel/Kconfig.hz */
const CHOICES = [100, 250, 300, 1000];
const INTERVAL_MILLISECONDS = 100;
const FRAME = new Uint8Array(64);

/**
 * Ticks in a second (CONFIG_HZ). Takes a tenth of a second.
 *
 * @throws KernelError without the right to load programs
 */
export function measureJiffiesPerSecond(): number {
  const program = loadProgram(tickProgram());
  try {
    const read = (): number => testRunTc(program, { packet: FRAME }).returnValue >>> 0;
    const [ticks, start] = [read(), performance.now()];
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, INTERVAL_MILLISECONDS);
    const passed = (read() - ticks) >>> 0;
    const measured = (passed * 1000) / (performance.now() - start);
    return nearest(measured);
  } finally {
    program.close();
  }
}

/** The low 32 bits of jiffies, now. @throws KernelError without the right to load programs */
export function readJiffies(): number {
  const program = loadProgram(tickProgram());
  try {
    return testRunTc(program, { packet: FRAME }).returnValue >>> 0;
  } finally {
    program.close();
  }
}

function nearest(measured: number): number {
  const distance = (choice: number): number => Math.abs(Math.log(choice / measured));
  return CHOICES.reduce((best, choice) => (distance(choice) < distance(best) ? choice : best));
}

/** Returns the low 32 bits of jiffies. */
function tickProgram(): ReturnType<typeof compileProgram> {
  const builder = new FunctionBuilder('skep_ticks');
  builder.context();
  builder.return(builder.resize(builder.call(JIFFIES, []), 32));
  const { programType } = contextShapes.TcContext!;
  const functions = [builder.finish()];
  return compileProgram({ name: 'skep_ticks', programType, license: 'GPL', functions });
}
