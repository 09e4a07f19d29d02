// tidy: table: names of ports and protocols
/**
 * Names that stand for numbers. They are ours, so that a filter means the same on every machine;
 * another name is refused. @source IANA service names and port numbers, protocol numbers
 */

/** What a port's name says: the number, and the one protocol where it has only one. */
export interface PortName {
  readonly port: number;
  readonly protocol?: 'tcp' | 'udp';
}

function tcp(port: number): PortName {
  return { port, protocol: 'tcp' };
}

function udp(port: number): PortName {
  return { port, protocol: 'udp' };
}

function both(port: number): PortName {
  return { port };
}

/** Where IANA names a port for protocols that nobody uses it with, only the one in use is here. */
export const portNames: Readonly<Record<string, PortName>> = {
  'ftp-data': tcp(20),
  ftp: tcp(21),
  ssh: tcp(22),
  telnet: tcp(23),
  smtp: tcp(25),
  whois: tcp(43),
  domain: both(53),
  bootps: udp(67),
  bootpc: udp(68),
  tftp: udp(69),
  finger: tcp(79),
  http: tcp(80),
  kerberos: both(88),
  pop3: tcp(110),
  sunrpc: both(111),
  ntp: udp(123),
  'netbios-ns': udp(137),
  'netbios-dgm': udp(138),
  'netbios-ssn': tcp(139),
  imap: tcp(143),
  snmp: both(161),
  'snmp-trap': both(162),
  bgp: tcp(179),
  ldap: both(389),
  https: both(443),
  'microsoft-ds': tcp(445),
  isakmp: udp(500),
  syslog: udp(514),
  submission: tcp(587),
  ldaps: both(636),
  imaps: tcp(993),
  pop3s: tcp(995),
  radius: both(1812),
  nfs: both(2049),
  mysql: tcp(3306),
  sip: both(5060),
  mdns: udp(5353),
  postgresql: tcp(5432),
  redis: tcp(6379),
  'http-alt': tcp(8080),
};

/** Names of `ip proto` and `ip6 proto`. */
export const ipProtocolNames: Readonly<Record<string, number>> = {
  hopopt: 0,
  icmp: 1,
  igmp: 2,
  ipencap: 4,
  tcp: 6,
  egp: 8,
  igp: 9,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  'ipv6-route': 43,
  'ipv6-frag': 44,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  'ipv6-nonxt': 59,
  'ipv6-opts': 60,
  eigrp: 88,
  ospf: 89,
  ipip: 94,
  etherip: 97,
  pim: 103,
  ipcomp: 108,
  vrrp: 112,
  l2tp: 115,
  sctp: 132,
  udplite: 136,
};

/** Names of `ether proto`: ether types, and below 0x0600 the service access points of LLC. */
export const etherProtocolNames: Readonly<Record<string, number>> = {
  ip: 0x0800,
  arp: 0x0806,
  rarp: 0x8035,
  ip6: 0x86dd,
  atalk: 0x809b,
  aarp: 0x80f3,
  decnet: 0x6003,
  lat: 0x6004,
  sca: 0x6007,
  moprc: 0x6002,
  mopdl: 0x6001,
  loopback: 0x9000,
  iso: 0xfe,
  stp: 0x42,
  ipx: 0xe0,
  netbeui: 0xf0,
};
