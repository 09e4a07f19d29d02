/** Filters made at random by the grammar: every kind of test, nested, negated, abbreviated. */
import type { Random } from '@skep/compiler/fuzz';

const ports = ['80', '53', '443', '8080', '40000', '9000', '0', '65535'];
const addresses = ['10.0.0.1', '10.0.0.2', '192.168.1.5', '224.0.0.5', '0.0.0.0', '172.16.3.4'];
const addresses6 = ['fd00::1', 'fd00::2', 'ff02::1:ff00:2', '2001:db8::5'];
const nets = ['10', '10.0', '192.168', '172.16.0.0/12', '224.0.0.0/4', '10.0.0.0/31', '0.0.0.0/0'];
const nets6 = ['fd00::/8', '2001:db8::/32', 'ff00::/9', '::/0', 'fd00::/127'];
const macs = ['02:00:00:00:00:01', '02:00:00:00:00:02', 'ff:ff:ff:ff:ff:ff', '1:0:5e:0:0:1'];
// biome-ignore format: a list of words
const protocols = [
  'ip', 'ip6', 'arp', 'rarp', 'tcp', 'udp', 'sctp', 'icmp', 'icmp6', 'igmp', 'pim', 'vrrp', 'ah',
  'esp', 'atalk', 'aarp', 'ipx', 'stp', 'iso', 'netbeui', 'broadcast', 'multicast', 'ip multicast',
  'ip6 multicast', 'ip broadcast',
];
const indexed = ['ether', 'ip', 'ip6', 'arp', 'tcp', 'udp', 'sctp', 'icmp', 'icmp6', 'igmp'];
const relations = ['=', '!=', '<', '<=', '>', '>='];
const directions = ['', '', 'src ', 'dst ', 'src or dst ', 'src and dst '];
const operators = ['+', '-', '*', '&', '|', '^', '<<', '>>', '/', '%'];

/** The text of one filter. */
export function randomFilter(random: Random): string {
  return expression(random, 1 + random.below(4));
}

function expression(random: Random, terms: number): string {
  const parts: string[] = [];
  for (let index = 0; index < terms; index++) {
    if (index > 0) parts.push(random.pick(['and', 'or', 'and', 'or', '&&', '||']));
    parts.push(term(random));
  }
  return parts.join(' ');
}

function term(random: Random): string {
  const not = random.oneIn(4) ? random.pick(['not ', '! ', '!']) : '';
  if (random.oneIn(5)) return `${not}(${expression(random, 1 + random.below(3))})`;
  return `${not}${primitive(random)}`;
}

function primitive(random: Random): string {
  switch (random.below(10)) {
    case 0:
      return random.pick(protocols);
    case 1:
      return hosts(random);
    case 2:
      return `${random.pick(directions)}net ${random.pick([...nets, ...nets6])}`;
    case 3:
    case 4:
      return portTest(random);
    case 5:
      return `ether ${random.pick(['src ', 'dst ', 'src or dst ', ''])}host ${random.pick(macs)}`;
    case 6:
      return random.pick(['vlan', 'vlan 5', 'vlan 6', 'less 60', 'greater 80', 'len > 70']);
    case 7:
      return protoTest(random);
    default:
      return relation(random);
  }
}

function hosts(random: Random): string {
  const direction = random.pick(directions);
  const protocol = random.pick(['', '', 'ip ', 'arp ']);
  if (random.oneIn(3)) return `${direction}host ${random.pick(addresses6)}`;
  const first = `${protocol}${direction}host ${random.pick(addresses)}`;
  return random.oneIn(3) ? `${first} or ${random.pick(addresses)}` : first;
}

function portTest(random: Random): string {
  const head = random.pick(['', '', 'tcp ', 'udp ', 'sctp ']) + random.pick(directions);
  if (random.oneIn(3)) return `${head}portrange ${random.pick(ports)}-${random.pick(ports)}`;
  if (random.oneIn(3)) return `${head}port (${random.pick(ports)} or ${random.pick(ports)})`;
  const list = random.oneIn(3) ? ` or ${random.pick(ports)}` : '';
  return `${head}port ${random.pick(ports)}${list}`;
}

function protoTest(random: Random): string {
  if (random.oneIn(3)) {
    return `ether proto ${random.pick(['0x800', '0x86dd', '0x806', '0x42', '1500', '\\ipx'])}`;
  }
  return `${random.pick(['', 'ip ', 'ip6 '])}proto ${random.pick(['6', '17', '\\sctp', '44'])}`;
}

function relation(random: Random): string {
  return `${sum(random, 2)} ${random.pick(relations)} ${sum(random, random.below(2))}`;
}

function sum(random: Random, depth: number): string {
  if (depth === 0 || random.oneIn(3)) return atom(random, depth);
  const operator = random.pick(operators);
  if (operator === '/' || operator === '%') {
    return `${sum(random, depth - 1)} ${operator} ${1 + random.below(9)}`;
  }
  const right = operator === '<<' || operator === '>>' ? random.below(33) % 32 : null;
  const text = `${sum(random, depth - 1)} ${operator} ${right ?? sum(random, depth - 1)}`;
  return random.oneIn(3) ? `(${text})` : text;
}

function atom(random: Random, depth: number): string {
  if (depth === 0 && random.oneIn(2)) {
    return random.pick(['0', '1', '2', '5', '6', '64', '80', '0x45', '0xffffffff', 'tcp-syn']);
  }
  if (random.oneIn(12)) return 'len';
  const place = random.oneIn(6) && depth > 0 ? sum(random, depth - 1) : String(random.below(44));
  const size = random.pick(['', '', ':2', ':4', ':1']);
  return `${random.pick(indexed)}[${place}${size}]`;
}
