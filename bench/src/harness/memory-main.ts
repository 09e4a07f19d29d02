/** A process that does nothing but know endpoints, and says how much memory that takes. */
import { memoryUsage } from 'node:process';
import { DatapathWorld } from './datapath-world.ts';
import { Bench } from './kernel.ts';

const endpointCount = Number(process.argv[2]);
const bench = new Bench();
const world = new DatapathWorld(bench);
for (let index = 0; index < endpointCount; index += 1) {
  // The first two are the world's own.
  const id = 3 + index;
  const ipv4 = `10.1.${id >> 8}.${id & 255}`;
  // Ten endpoints of each kind, as replicas are.
  world.know({ id, app: `app-${id % 100}`, mac: macOf(id), ipv4 });
}
globalThis.gc?.();
process.stdout.write(String(memoryUsage().rss));
world.close();
bench.close();

function macOf(id: number): string {
  const [high, low] = [id >> 8, id & 255].map((byte) => byte.toString(16).padStart(2, '0'));
  return `02:00:00:01:${high}:${low}`;
}
