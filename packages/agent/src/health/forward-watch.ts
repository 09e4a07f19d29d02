/** Looks now and then whether netfilter drops what the node sends on for endpoints. */
import { Netfilter, type NamespaceReference } from '@skep/netlink';
import { Errno, KernelError } from '@skep/sys';
import type { Node } from '../node/node.ts';
import type { Tell } from '../telemetry/occurrence.ts';
import { checkForwardChain, isClosing } from './forward-chains.ts';

const LOOK_MILLISECONDS = 5000;
/** Looks that are left out where there is no nftables: each makes the kernel look for a module. */
const ABSENT_LOOKS = 60;

/** What the kernel says that has no nfnetlink, or no nftables in it. */
const ABSENT: ReadonlySet<number> = new Set([
  Errno.EPROTONOSUPPORT,
  Errno.EOPNOTSUPP,
  Errno.EINVAL,
]);

interface WatchedNode {
  readonly network: Pick<Node['network'], 'namespace'>;
  readonly tell: Tell;
}

/** What is read of nftables. */
type OpenNetfilter = Pick<Netfilter, 'forwardChains' | 'rules' | 'close'>;

function openNetfilter(namespace: NamespaceReference): OpenNetfilter {
  return new Netfilter(namespace);
}

/** Looks at once, and then every few seconds until it is closed. */
export class ForwardWatch {
  /** As of the last look. */
  problems: readonly string[] = [];
  private readonly timer: NodeJS.Timeout;
  private looksLeftOut = 0;

  constructor(
    private readonly node: WatchedNode,
    private readonly open: (namespace: NamespaceReference) => OpenNetfilter = openNetfilter,
  ) {
    this.look();
    this.timer = setInterval(() => this.look(), LOOK_MILLISECONDS).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** Now, unless it is known that there is nothing to see. */
  look(): void {
    if (this.looksLeftOut-- > 0) return;
    const before = new Set(this.problems);
    this.problems = this.find();
    for (const problem of this.problems) {
      if (!before.has(problem)) this.node.tell({ kind: 'problem', problem });
    }
  }

  private find(): readonly string[] {
    try {
      return findDropping(this.open(this.node.network.namespace));
    } catch (error) {
      const errno = error instanceof KernelError ? error.errno : 0;
      if (ABSENT.has(errno)) {
        this.looksLeftOut = ABSENT_LOOKS;
        return [];
      }
      // Rules that do not keep still are looked at the next time.
      if (errno === Errno.EINTR) return this.problems;
      return [`netfilter cannot be looked at, it may drop what is sent on: ${String(error)}`];
    }
  }
}

/** @throws KernelError, MalformedMessageError */
function findDropping(netfilter: OpenNetfilter): string[] {
  try {
    return netfilter.forwardChains().flatMap((base) => {
      // Tables may be large; of most of them the base chain is enough.
      if (!isClosing(base, netfilter.rules(base, base.chain))) return [];
      return checkForwardChain(base, netfilter.rules(base)) ?? [];
    });
  } finally {
    netfilter.close();
  }
}
