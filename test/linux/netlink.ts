import t from 'tap';
import {
  attribute,
  attributes,
  notifications,
  openMonitor,
  openNetlink,
  request,
  textOf,
} from '../../src/linux/netlink.ts';
import { addressesOf, findLink, LOOPBACK_INDEX } from '../../src/linux/network-interface.ts';
import { syscall } from '../../src/linux/syscall.ts';

t.test('attributes', async (t) => {
  const bytes = Buffer.concat([
    Buffer.from('head'),
    attribute(3, 'eth0'),
    attribute(8, 0x80000001),
    attribute(0x8001, Buffer.from([7])),
  ]);
  t.equal(bytes.length % 4, 0, 'each is padded');
  const found = attributes(bytes, 4);
  t.equal(textOf(found.get(3) as Buffer), 'eth0');
  t.equal(found.get(8)?.readUInt32LE(0), 0x80000001);
  t.same(found.get(1), Buffer.from([7]), 'flags are no part of the type');
  t.equal(textOf(Buffer.from('no end')), 'no end');
});

t.test('asking the kernel needs no privilege', async (t) => {
  using socket = openNetlink();
  t.match(findLink(socket, 'lo'), { index: LOOPBACK_INDEX, name: 'lo' });
  t.equal(findLink(socket, LOOPBACK_INDEX)?.name, 'lo');
  t.equal(findLink(socket, 'nosuchdev7'), undefined);
  const [address] = addressesOf(socket, LOOPBACK_INDEX).filter(({ family }) => family === 2);
  t.match(address, { prefixLength: 8 });
});

const needsRoot = { skip: process.getuid?.() !== 0 && 'root is required' };

t.test('only the kernel is listened to', needsRoot, async (t) => {
  // The first socket of a process without a port of its own gets the pid for one.
  using monitor = openMonitor(0);
  using other = openNetlink();
  const message = Buffer.alloc(16);
  message.writeUInt32LE(message.length, 0);
  const address = Buffer.alloc(12);
  address.writeUInt16LE(16, 0);
  address.writeUInt32LE(process.pid, 4);
  syscall('sendto', other.number, message, message.length, 0, address, address.length);
  t.same(notifications(monitor), []);
});

t.test('a refusal keeps its errno', async (t) => {
  using socket = openNetlink();
  const RTM_SETLINK = 19;
  const header = Buffer.alloc(16);
  header.writeInt32LE(0x7fffffff, 4);
  try {
    request(socket, RTM_SETLINK, 0, header);
    t.fail('there is no such interface');
  } catch (error) {
    // Who may not change interfaces is not told which there are.
    t.match(error, { errno: /^(ENODEV|EPERM)$/ });
  }
});
