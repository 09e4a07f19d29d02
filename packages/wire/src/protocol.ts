/** Protocol numbers of IPv4's `protocol` and IPv6's `next header`. @source IANA protocol-numbers */
export enum IpProtocol {
  HopByHop = 0,
  ICMP = 1,
  IGMP = 2,
  TCP = 6,
  UDP = 17,
  Routing = 43,
  Fragment = 44,
  GRE = 47,
  ESP = 50,
  AH = 51,
  ICMPv6 = 58,
  NoNext = 59,
  DestinationOptions = 60,
  SCTP = 132,
  Mobility = 135,
}
