/**
 * The addresses that the agent gives to endpoints that bring none. Who has which is not kept here:
 * an address is taken because the record of an endpoint has it, and that is on disk first.
 *
 * An address that is asked for by name has no cool-down: a container with a fixed address is
 * started again at once, and who fixes it has chosen who comes after whom. What peers of the
 * former one send still is no way past policy: a verdict holds for one state of the ipcache, which
 * the going of an address changes, so that a flow's next packet is decided anew, about who has the
 * address now. The cool-down spares strangers such packets, where nobody has chosen.
 */
import { ADDRESS_COOL_DOWN_SECONDS } from '@skep/contract';
import { type Address, parseAddress } from '@skep/wire';
import type { PoolView } from '../views.ts';
import { AddressPool } from './address-pool.ts';
import { type AddressRange, isInRanges, parseAddressRange, parsePool } from './address-range.ts';
import { IpamError } from './ipam-error.ts';

/** What may be given. */
export interface IpamOptions {
  /** Prefixes or `FIRST-LAST`, of both families in any order. */
  readonly pools?: readonly string[];
  /** Prefixes, `FIRST-LAST` or single addresses that are not given. */
  readonly reserved?: readonly string[];
  /** Milliseconds since 1970. Default: {@link steadyNow}. */
  readonly now?: () => number;
}

/** Addresses by family; of a family without a pool none. */
export interface GivenAddresses {
  readonly ipv4?: string;
  readonly ipv6?: string;
}

const FAMILIES = [4, 6] as const;
const COOL_DOWN_MILLISECONDS = ADDRESS_COOL_DOWN_SECONDS * 1000;

/**
 * The time of day as it was when this process began, and has gone on since: whoever sets the clock
 * ends no cool-down.
 */
export function steadyNow(): number {
  return Math.round(performance.timeOrigin + performance.now());
}

/** What may be given, and what of it may not. @throws AddressError for a range that is none */
export function readRanges({ pools = [], reserved = [] }: IpamOptions): {
  readonly ranges: readonly AddressRange[];
  readonly gaps: readonly AddressRange[];
} {
  return { ranges: pools.map(parsePool), gaps: reserved.map(parseAddressRange) };
}

/** The pools of a node, and which of their addresses nobody may have yet. */
export class Ipam {
  private readonly pools: readonly AddressPool[];
  private readonly whole: readonly AddressRange[];
  private readonly now: () => number;

  /**
   * @param releasedAt when an address of an earlier endpoint was given back, in milliseconds
   * @param isTaken whether an endpoint or the node has the address
   * @throws AddressError for a range that is none
   */
  constructor(
    options: IpamOptions,
    private readonly releasedAt: ReadonlyMap<string, number>,
    private readonly isTaken: (address: string) => boolean,
  ) {
    const { ranges, gaps } = readRanges(options);
    this.whole = ranges;
    this.now = options.now ?? steadyNow;
    this.pools = FAMILIES.flatMap((family) => {
      const own = ranges.filter((range) => range.family === family);
      const without = gaps.filter((range) => range.family === family);
      return own.length > 0 ? [new AddressPool(family, own, without)] : [];
    });
  }

  /**
   * An address of each family that there is a pool for, and that `brought` has none of. Nobody has
   * them until a record says so.
   *
   * @throws IpamError
   */
  choose(brought: GivenAddresses): GivenAddresses {
    if (this.pools.length === 0 && !brought.ipv4 && !brought.ipv6) {
      const advice = 'start the agent with --pool, or bring an address';
      throw new IpamError('ERR_IPAM_NO_POOL', `choose address: the agent has no pool (${advice})`);
    }
    const chosen = this.pools.map((pool): [string, string] => {
      const name = `ipv${pool.family}` as const;
      return [name, brought[name] ?? this.chooseFrom(pool)];
    });
    return { ...brought, ...Object.fromEntries(chosen) };
  }

  /** Whether a pool has it, also where it is reserved: that is for who asks. */
  has(address: Address): boolean {
    return isInRanges(this.whole, address);
  }

  /** What it may give, without what is reserved. */
  get ranges(): AddressRange[] {
    return this.pools.flatMap((pool) => pool.ranges);
  }

  /** Those of the addresses that have to cool down when they are given back. */
  coolable(addresses: readonly (string | undefined)[]): string[] {
    const given = addresses.filter((each) => each !== undefined);
    return given.filter((text) => this.pools.some((pool) => pool.has(parseAddress(text))));
  }

  /** Addresses whose cool-down is over. */
  cooled(): string[] {
    return [...this.releasedAt.keys()].filter((address) => !this.isCooling(address));
  }

  /** @param taken the addresses of endpoints */
  views(taken: readonly string[]): PoolView[] {
    const cooling = [...this.releasedAt.keys()].filter((each) => this.isCooling(each));
    return this.pools.map((pool) => {
      const countIn = (texts: readonly string[]): number =>
        texts.filter((text) => pool.has(parseAddress(text))).length;
      return {
        family: `IPv${pool.family}`,
        ranges: pool.rangeTexts(),
        addresses: String(pool.size),
        taken: countIn(taken),
        cooling: countIn(cooling),
        isUsedUp: !pool.hasFree(this.isFree),
      };
    });
  }

  private readonly isFree = (address: string): boolean => {
    return !this.isTaken(address) && !this.isCooling(address);
  };

  private chooseFrom(pool: AddressPool): string {
    const text = pool.take(this.isFree);
    if (text !== undefined) return text;
    throw new IpamError(
      'ERR_IPAM_EXHAUSTED',
      `choose address: all ${pool.size} addresses of the ${pool} are taken, or were less than ` +
        `${ADDRESS_COOL_DOWN_SECONDS} s ago (remove endpoints, or give the agent one more --pool)`,
    );
  }

  /** A clock that was set back between two agents keeps no address for longer than that. */
  private isCooling(address: string): boolean {
    const releasedAt = this.releasedAt.get(address);
    if (releasedAt === undefined) return false;
    return Math.abs(this.now() - releasedAt) < COOL_DOWN_MILLISECONDS;
  }
}
