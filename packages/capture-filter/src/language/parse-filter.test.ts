import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '@skep/compiler/fuzz';
import { compileFilter } from '../filter.ts';
import { filterTable } from '../testing/filter-table.ts';
import { randomFilter } from '../testing/random-filters.ts';
import { parseFilter } from './parse-filter.ts';
import { printFilter } from './print-filter.ts';

const parsed: readonly { name: string; have: string; want: string }[] = [
  { name: 'every packet', have: '  ', want: '' },
  { name: 'and and or bind equally', have: 'tcp or udp and ip', want: '((tcp or udp) and ip)' },
  { name: 'not binds tighter', have: 'not tcp and udp', want: '(not tcp and udp)' },
  { name: 'other spellings', have: '!tcp&&udp||ip', want: '((not tcp and udp) or ip)' },
  {
    name: 'a value takes over qualifiers',
    have: 'tcp dst port 80 or 443',
    want: '(tcp dst port 80 or tcp dst port 443)',
  },
  {
    name: 'a list takes over qualifiers',
    have: 'udp port (53 or 67)',
    want: '(udp port 53 or udp port 67)',
  },
  {
    name: 'behind a parenthesis they are those from before it',
    have: 'tcp port 80 and (udp port 53) or 443',
    want: '((tcp port 80 and udp port 53) or tcp port 443)',
  },
  {
    name: 'a negated value',
    have: 'host 10.0.0.1 and not 10.0.0.2',
    want: '(host 10.0.0.1 and not host 10.0.0.2)',
  },
  { name: 'both directions', have: 'src and dst net 10', want: 'src and dst net 10' },
  { name: 'the link has many names', have: 'link[0] = fddi[1]', want: 'ether[0] = ether[1]' },
  { name: 'less is at most', have: 'less 60', want: 'len <= 60' },
  { name: 'greater is at least', have: 'greater 0x3c', want: 'len >= 60' },
  { name: 'octal', have: 'len = 010', want: 'len = 8' },
  { name: 'signs', have: '- -len = 1', want: '(- (- len)) = 1' },
  { name: 'ranks', have: 'len + 2 * 3 & 7 = 1', want: '((len + (2 * 3)) & 7) = 1' },
  { name: 'no rank', have: 'len - 2 ^ 3 + 1 = 0', want: '(len - (2 ^ (3 + 1))) = 0' },
  { name: 'no rank either', have: 'len % 3 * 5 = 0', want: '(len % (3 * 5)) = 0' },
  { name: 'a sum in parentheses', have: '(len - 4) * 2 = 1', want: '((len - 4) * 2) = 1' },
  { name: 'a number in parentheses', have: '((4)) = len', want: '4 = len' },
  { name: 'named bits', have: 'tcp[tcpflags] & tcp-syn != 0', want: '(tcp[13] & 2) != 0' },
];

for (const { name, have, want } of parsed) {
  test(`parsed: ${name}`, () => assert.equal(printFilter(parseFilter(have)), want));
}

test('what is printed means the same', () => {
  const random = Array.from({ length: 200 }, (_, seed) => randomFilter(new Random(seed)));
  for (const text of [...filterTable, ...random]) {
    const printed = printFilter(parseFilter(text));
    assert.equal(printFilter(parseFilter(printed)), printed, text);
    assert.deepEqual(compileFilter(printed).condition, compileFilter(text).condition, text);
  }
});

const refused: readonly { have: string; column: number; want: RegExp }[] = [
  { have: 'tcp port', column: 9, want: /found the end, expected an address, a number or a name/ },
  { have: 'port 80 and', column: 12, want: /found the end, expected a test such as host, net/ },
  { have: '80', column: 3, want: /found the end, expected an arithmetic operator or one of = !=/ },
  { have: '10.0.0.1', column: 1, want: /a value needs a word before it: host, net, port/ },
  { have: 'tcp 80', column: 5, want: /found '80', expected and, or, or the end/ },
  {
    have: 'tcp or 80',
    column: 8,
    want: /no value stands before it whose qualifiers it could take/,
  },
  { have: '(tcp', column: 5, want: /found the end, expected '\)'/ },
  { have: 'tcp)', column: 4, want: /found '\)', expected and, or, or the end/ },
  { have: 'tcp[13', column: 7, want: /found the end, expected '\]'/ },
  { have: 'tcp[0:3] = 1', column: 7, want: /found '3', expected a size of 1, 2 or 4 bytes/ },
  { have: 'tcp[0]', column: 7, want: /expected an arithmetic operator or one of = != < <= > >=/ },
  { have: 'len = 2-1', column: 7, want: /write blanks around the minus/ },
  { have: 'tcp ? udp', column: 5, want: /found '\?', expected a word, a value or an operator/ },
  { have: 'mpls', column: 1, want: /found 'mpls', .*labels are not followed/ },
  { have: 'ip and pppoes 5', column: 8, want: /found 'pppoes', .*sessions are not followed/ },
  { have: 'ip6 protochain 6', column: 5, want: /found 'protochain', .*chains of headers are not/ },
  { have: 'host example.org', column: 6, want: /the name 'example.org', .*names are not resolved/ },
  { have: 'net home', column: 5, want: /expected a network \(names .* such as 10.0.0.0\/8\)/ },
  { have: 'ether host gateway1', column: 12, want: /expected a MAC address \(names are not/ },
  {
    have: 'port nonsense',
    column: 6,
    want: /a port’s number or a name that Skep knows \(its number/,
  },
  { have: 'port 65536', column: 6, want: /found port 65536, expected a port of at most 65535/ },
  {
    have: 'udp port http',
    column: 10,
    want: /found a port of tcp behind udp, expected a port of udp/,
  },
  { have: 'icmp port 1', column: 11, want: /found port behind icmp, expected tcp, udp, sctp or/ },
  { have: 'portrange 1-x', column: 11, want: /found '1-x', expected a range of ports such as/ },
  {
    have: 'net 10.0.0.1/8',
    column: 5,
    want: /found 10.0.0.1\/8, expected no bits behind the mask/,
  },
  {
    have: 'net fd00::1/64',
    column: 5,
    want: /found fd00::1\/64, expected no bits behind the mask/,
  },
  { have: 'net 10.0.0.0/33', column: 5, want: /found \/33, expected a length of at most 32/ },
  { have: 'host 10.0.0.256', column: 6, want: /found '10.0.0.256', expected parts from 0 to 255/ },
  { have: 'host 10.0.0.0/8', column: 6, want: /found 10.0.0.0 with a mask, expected net before/ },
  {
    have: 'ip host fd00::1',
    column: 9,
    want: /an IPv6 address behind ip, expected ip6 or nothing/,
  },
  { have: 'tcp host 10.0.0.1', column: 10, want: /an IPv4 address behind tcp, expected ip, arp/ },
  { have: 'ether host 10.0.0.1', column: 12, want: /an IP address behind ether, expected a MAC/ },
  {
    have: 'host 02:00:00:00:00:01',
    column: 6,
    want: /expected ether before it \(write: ether host/,
  },
  { have: 'host 02:00:00', column: 6, want: /found '02:00:00', expected an IPv6 or a MAC address/ },
  { have: 'ip proto tcp', column: 10, want: /a backslash before a word makes it a name/ },
  {
    have: 'ip proto \\nonsense',
    column: 10,
    want: /expected an IP protocol \(its number is always/,
  },
  { have: 'tcp proto 6', column: 11, want: /found proto behind tcp, expected ether, ip, ip6/ },
  { have: 'ether', column: 1, want: /found 'ether', expected host, proto, broadcast/ },
  { have: 'esp[0] = 1', column: 1, want: /found esp\[, .*count from the start of the frame/ },
  { have: 'tcp broadcast', column: 1, want: /found broadcast behind tcp, expected ether, ip/ },
  { have: 'arp multicast', column: 1, want: /found multicast behind arp, expected ether, ip, ip6/ },
  { have: 'vlan 4096', column: 6, want: /found '4096', expected a VLAN number of at most 4095/ },
  { have: 'len = 09', column: 7, want: /expected octal digits \(a leading 0 means octal\)/ },
  { have: 'len = 4294967296', column: 7, want: /expected a number of at most 32 bits/ },
  { have: 'len / 0 = 1', column: 7, want: /found a division by zero, expected another divisor/ },
  { have: 'len << 32 = 1', column: 8, want: /found a shift by 32, expected at most 31/ },
  { have: '-'.repeat(300), column: 301, want: /at most 200 signs and operators that wait/ },
  { have: `len = ${'('.repeat(300)}`, column: 208, want: /at most 200 parentheses, nots and/ },
  { have: 'ip or '.repeat(5000), column: 24577, want: /found 'ip', expected at most 8192 words/ },
  {
    have: '('.repeat(300),
    column: 202,
    want: /at most 200 parentheses, nots and signs inside/,
  },
];

for (const { have, column, want } of refused) {
  test(`refused: ${have.slice(0, 30)}`, () => {
    assert.throws(() => compileFilter(have), { code: 'ERR_FILTER', column, message: want });
  });
}

test('an error shows the filter, with a caret where it is wrong', () => {
  const message = [
    "filter: column 13: found 'prt', expected and, or, or the end",
    '  tcp port 80 prt 443',
    '              ^',
  ].join('\n');
  assert.throws(() => compileFilter('tcp port 80 prt 443'), { message });
});

test('of a long filter the error shows what is around the caret', () => {
  const text = `${'ip or '.repeat(100)}prt 443${' or ip'.repeat(100)}`;
  assert.throws(
    () => compileFilter(text),
    ({ message }: Error) => {
      const [, line, caret] = message.split('\n');
      return line!.length <= 104 && line!.slice(caret!.indexOf('^')).startsWith('prt 443 or ip');
    },
  );
});
