/** Which addresses are whose in a policy test, and made-up ones for endpoints that have none. */
import { formatAddress, parseAddress } from '@skep/wire';

/** Where endpoints without addresses get theirs. */
const MADE_UP_IPV4 = '10.254';
const MADE_UP_IPV6 = 'fd5c:e9fe::';

/** Addresses in use, whatever their spelling. */
export class Addresses {
  private readonly reserved = new Set<string>();
  private readonly taken = new Set<string>();
  private lastMadeUp = 0;

  /** None of these is ever made up. */
  reserve(addresses: readonly (string | undefined)[]): void {
    for (const each of addresses) if (each !== undefined) this.reserved.add(canonical(each));
  }

  /** False where somebody has it. */
  take(address: string): boolean {
    const text = canonical(address);
    const isFree = !this.taken.has(text);
    this.taken.add(text);
    return isFree;
  }

  release(addresses: readonly (string | undefined)[]): void {
    for (const each of addresses) if (each !== undefined) this.taken.delete(canonical(each));
  }

  /** One of each family that nobody had before. */
  makeUp(): { readonly ipv4: string; readonly ipv6: string } {
    for (;;) {
      const number = ++this.lastMadeUp;
      const ipv4 = `${MADE_UP_IPV4}.${number >> 8}.${number & 0xff}`;
      const ipv6 = canonical(`${MADE_UP_IPV6}${number.toString(16)}`);
      if (!this.reserved.has(ipv4) && !this.reserved.has(ipv6)) return { ipv4, ipv6 };
    }
  }
}

function canonical(text: string): string {
  return formatAddress(parseAddress(text));
}
