/** Whether the node's way out may be another one: its links and routes have changed. */
import { Monitor, type Network } from '@skep/netlink';

/** Many events tell of one change, and each endpoint that comes or goes is some. */
const PAUSE_MILLISECONDS = 500;

/**
 * Calls a task after changes, until the monitor is closed.
 *
 * @param onError is told why there will be no more calls, or what a call has thrown
 */
export function watchWayOut(
  network: Network,
  task: () => void,
  onError: (error: unknown) => void,
): Monitor {
  let isDue = false;
  const run = (): void => {
    isDue = false;
    if (network.namespace.isClosed) return;
    try {
      task();
    } catch (error) {
      onError(error);
    }
  };
  const runSoon = (): void => {
    if (!isDue) setTimeout(run, PAUSE_MILLISECONDS).unref();
    isDue = true;
  };
  const monitor = new Monitor(network.namespace, ['links', 'routes'], runSoon, onError);
  monitor.unref();
  return monitor;
}
