/** What the methods of map declarations do outside the kernel. */

/** @throws Error always */
export function kernelOnly(): never {
  throw new Error('map methods run in the kernel: open the map with @skep/bpf to use it from node');
}
