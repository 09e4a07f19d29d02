/** Which kernel modules a module needs, from the table that depmod writes. */

/**
 * The files of the modules and of what they need, each after those that it needs.
 *
 * @param table modules.dep: `kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko ...`, one a line
 * @param names without `.ko`; one that is in no line is built into the kernel, or absent from it
 */
export function moduleOrder(table: string, names: readonly string[]): string[] {
  const needs = new Map<string, readonly string[]>();
  for (const line of table.split('\n')) {
    const [file = '', needed = ''] = line.split(':');
    if (file) needs.set(file, needed.split(' ').filter(Boolean));
  }
  const files = new Map([...needs.keys()].map((file) => [moduleName(file), file]));
  const order = new Set<string>();
  const add = (file: string): void => {
    if (order.has(file)) return;
    for (const needed of needs.get(file) ?? []) add(needed);
    order.add(file);
  };
  for (const name of names) {
    const file = files.get(name);
    if (file) add(file);
  }
  return [...order];
}

/** `kernel/drivers/virtio/virtio_pci.ko.xz` is virtio_pci. */
function moduleName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1).replace(/\.ko(\.\w+)?$/, '');
}
