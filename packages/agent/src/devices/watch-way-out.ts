/** Whether the node's way out may be another one: its links and routes have changed. */
import { Monitor, type Network } from '@skep/netlink';

/** Many events tell of one change, and each endpoint that comes or goes is some. */
const PAUSE_MILLISECONDS = 500;

/** When what could not be done is tried again. */
const RETRY_MILLISECONDS = 5000;

/**
 * Calls a task now, after changes, and again while it is not done, until the monitor is closed.
 *
 * @param task whether it is done
 * @param onError is told why there will be no more calls, or what a call has thrown
 */
export function watchWayOut(
  network: Network,
  task: () => boolean,
  onError: (error: unknown) => void,
): Monitor {
  let isDue = false;
  let retry: NodeJS.Timeout | undefined;
  const attempt = (): void => {
    clearTimeout(retry);
    if (!task()) retry = setTimeout(run, RETRY_MILLISECONDS).unref();
  };
  const run = (): void => {
    isDue = false;
    if (network.namespace.isClosed) return;
    try {
      attempt();
    } catch (error) {
      onError(error);
    }
  };
  const runSoon = (): void => {
    if (!isDue) setTimeout(run, PAUSE_MILLISECONDS).unref();
    isDue = true;
  };
  attempt();
  const monitor = new Monitor(network.namespace, ['links', 'routes'], runSoon, onError);
  monitor.unref();
  return monitor;
}
