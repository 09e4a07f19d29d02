/** What a run that was killed has left: network namespaces, whose names say whose they were. */
import { existsSync } from 'node:fs';
import { deleteNamespace, listNamespaces } from '@skep/netlink';

/** What the names of a run's namespaces begin with, before its pid. */
const PREFIX = 'skep-bench-';

/** What the names of this run's namespaces begin with. */
export function namePrefix(): string {
  return `${PREFIX}${process.pid}-`;
}

/** Takes away those of runs that are no more; what is in them goes with them. */
export function removeLeftovers(): void {
  if (process.getuid?.() !== 0) return;
  for (const name of listNamespaces().filter((each) => each.startsWith(PREFIX))) {
    const [pid] = /^\d+(?=-)/.exec(name.slice(PREFIX.length)) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) deleteNamespace(name);
  }
}
