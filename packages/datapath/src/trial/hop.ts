/** What a router makes of a packet, computed apart from the datapath: what must come out. */
import { checksum, ETHERNET_LENGTH, parseMac } from '@skep/wire';

/** The frame of an IP packet one hop later; its link header stays. */
export function afterHop(frame: Uint8Array): Uint8Array {
  const routed = frame.slice();
  const packet = routed.subarray(ETHERNET_LENGTH);
  if (packet[0]! >>> 4 === 6) {
    packet[7]! -= 1;
    return routed;
  }
  const header = packet.subarray(0, (packet[0]! & 0x0f) * 4);
  header[8]! -= 1;
  header.fill(0, 10, 12);
  const sum = checksum(header);
  header.set([sum >>> 8, sum & 0xff], 10);
  return routed;
}

/** The frame as it is on another link: between other MAC addresses. */
export function onLink(frame: Uint8Array, sourceMac: string, destinationMac: string): Uint8Array {
  const moved = frame.slice();
  moved.set([...parseMac(destinationMac), ...parseMac(sourceMac)]);
  return moved;
}
