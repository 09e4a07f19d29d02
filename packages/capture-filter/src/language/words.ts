// tidy: table: the words of the language
/**
 * The words of the filter language. What is spelled as one of them is never a host's or a port's
 * name, unless a backslash stands before it. @source pcap-filter(7)
 */

/** Protocols that may stand before `host`, `port`, `proto`, `[`, or alone. */
export const protocolWords = [
  'ether',
  'ip',
  'ip6',
  'arp',
  'rarp',
  'tcp',
  'udp',
  'sctp',
  'icmp',
  'icmp6',
  'igmp',
  'igrp',
  'pim',
  'vrrp',
  'carp',
  'ah',
  'esp',
  'atalk',
  'aarp',
  'decnet',
  'lat',
  'sca',
  'moprc',
  'mopdl',
  'iso',
  'stp',
  'ipx',
  'netbeui',
] as const;

/** @see protocolWords */
export type ProtocolWord = (typeof protocolWords)[number];

/** Other spellings of the link layer: on Ethernet they mean the same. */
export const linkWords = ['link', 'ether', 'ppp', 'slip', 'fddi', 'tr', 'wlan'];

/** Words with a place in the grammar, other than protocols. */
export const grammarWords = [
  'src',
  'dst',
  'host',
  'net',
  'mask',
  'port',
  'portrange',
  'proto',
  'less',
  'greater',
  'broadcast',
  'multicast',
  'and',
  'or',
  'not',
  'len',
  'length',
  'vlan',
];

const otherLinks = 'it asks for another kind of link, and filters read Ethernet frames';
const routing = 'there is no test for OSI routing messages; test bytes: ether[17] = 0x83';
const firewall = 'it asks for the log of another system’s firewall';
const hook = 'choose the hook instead: ingress or egress';

/** Words that the language has and Skep refuses, with the reason. */
export const refusedWords: Readonly<Record<string, string>> = {
  mpls: 'labels are not followed; test bytes: ether proto 0x8847',
  pppoed: 'write: ether proto 0x8863',
  pppoes: 'sessions are not followed; test bytes: ether proto 0x8864',
  geneve: 'tunnels are not followed; write: udp port 6081',
  protochain: 'chains of headers are not followed; `ip6 proto` sees the first, or a fragment’s',
  gateway: 'it needs names to be resolved; write: ether host MAC and not host ADDRESS',
  byte: 'write: ether[N] = VALUE',
  llc: 'write: ether[12:2] <= 1500, and test the bytes behind it',
  inbound: hook,
  outbound: hook,
  ifindex: 'attach the filter to that interface instead',
  ...Object.fromEntries(
    ['esis', 'es-is', 'isis', 'is-is', 'l1', 'l2', 'iih', 'lsp', 'snp', 'csnp', 'psnp', 'clnp'].map(
      (word) => [word, routing],
    ),
  ),
  ...Object.fromEntries(
    [
      'on',
      'ifname',
      'rset',
      'ruleset',
      'rnr',
      'rulenum',
      'srnr',
      'subrulenum',
      'reason',
      'action',
    ].map((word) => [word, firewall]),
  ),
  ...Object.fromEntries(
    // biome-ignore format: a list of words
    [
      'radio', 'type', 'subtype', 'direction', 'dir', 'address1', 'addr1', 'address2', 'addr2',
      'address3', 'addr3', 'address4', 'addr4', 'ra', 'ta', 'lane', 'metac', 'bcc', 'oam', 'oamf4',
      'oamf4ec', 'oamf4sc', 'sc', 'ilmic', 'vpi', 'vci', 'connectmsg', 'metaconnect', 'fisu',
      'lssu', 'lsu', 'msu', 'hfisu', 'hlssu', 'hmsu', 'sio', 'opc', 'dpc', 'sls', 'hsio', 'hopc',
      'hdpc', 'hsls',
    ].map((word) => [word, otherLinks]),
  ),
};

/** Names of numbers: offsets of fields, bits of flags, types of messages. */
export const numberWords: Readonly<Record<string, number>> = {
  icmptype: 0,
  icmpcode: 1,
  'icmp-echoreply': 0,
  'icmp-unreach': 3,
  'icmp-sourcequench': 4,
  'icmp-redirect': 5,
  'icmp-echo': 8,
  'icmp-routeradvert': 9,
  'icmp-routersolicit': 10,
  'icmp-timxceed': 11,
  'icmp-paramprob': 12,
  'icmp-tstamp': 13,
  'icmp-tstampreply': 14,
  'icmp-ireq': 15,
  'icmp-ireqreply': 16,
  'icmp-maskreq': 17,
  'icmp-maskreply': 18,
  icmp6type: 0,
  icmp6code: 1,
  'icmp6-destinationunreach': 1,
  'icmp6-packettoobig': 2,
  'icmp6-timeexceeded': 3,
  'icmp6-parameterproblem': 4,
  'icmp6-echo': 128,
  'icmp6-echoreply': 129,
  'icmp6-multicastlistenerquery': 130,
  'icmp6-multicastlistenerreportv1': 131,
  'icmp6-multicastlistenerdone': 132,
  'icmp6-routersolicit': 133,
  'icmp6-routeradvert': 134,
  'icmp6-neighborsolicit': 135,
  'icmp6-neighboradvert': 136,
  'icmp6-redirect': 137,
  'icmp6-routerrenum': 138,
  'icmp6-nodeinformationquery': 139,
  'icmp6-nodeinformationresponse': 140,
  'icmp6-ineighbordiscoverysolicit': 141,
  'icmp6-ineighbordiscoveryadvert': 142,
  'icmp6-multicastlistenerreportv2': 143,
  'icmp6-homeagentdiscoveryrequest': 144,
  'icmp6-homeagentdiscoveryreply': 145,
  'icmp6-mobileprefixsolicit': 146,
  'icmp6-mobileprefixadvert': 147,
  'icmp6-certpathsolicit': 148,
  'icmp6-certpathadvert': 149,
  'icmp6-multicastrouteradvert': 151,
  'icmp6-multicastroutersolicit': 152,
  'icmp6-multicastrouterterm': 153,
  tcpflags: 13,
  'tcp-fin': 0x01,
  'tcp-syn': 0x02,
  'tcp-rst': 0x04,
  'tcp-push': 0x08,
  'tcp-ack': 0x10,
  'tcp-urg': 0x20,
  'tcp-ece': 0x40,
  'tcp-cwr': 0x80,
};
