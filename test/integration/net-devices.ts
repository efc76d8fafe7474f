import { spawnSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { type Change, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { donor, enter } from '../helpers/namespaces.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, create, inside, nothingLeft, refused, run, running } from '../helpers/runtime.ts';
import { until } from '../helpers/sandbox.ts';

suite('root', 'ip', 'unshare', 'nsenter');

// runc knows netDevices since 1.4, crun 1.8 does not.
const here = only('trunc');

interface Net {
  path: string;
  /** What makes the runtime run in it. */
  wrapper: string[];
  /** Makes one call of ip(8) of a line; returns what it prints, throws when it fails. */
  ip: (line: string) => string;
}

function netOf(pid: number): Net {
  const path = `/proc/${pid}/ns/net`;
  const wrapper = ['nsenter', `--net=${path}`];
  const ip = (line: string): string => {
    const args = [...wrapper.slice(1), 'ip', ...line.split(' ')];
    const { status, stdout, stderr } = spawnSync('nsenter', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`ip ${line}: ${stderr}`);
    return stdout;
  };
  return { path, wrapper, ip };
}

/** A network namespace with something in it: as the host's, so that the machine's own is left alone, or to join. */
function makeNet(t: Test, ...lines: string[]): Net {
  const net = netOf(donor(t, '--net'));
  lines.forEach(net.ip);
  return net;
}

const PAIR = 'link add eth7 type veth peer name peer7';

function devices(netDevices: Record<string, { name?: string }>, change: Change = () => {}): Change {
  return (config) => {
    Object.assign(config.linux, { netDevices });
    change(config);
  };
}

const joining =
  (path: string): Change =>
  (config) =>
    enter(config, 'network', path);

/** The interfaces of a namespace but for loopback. */
function names({ ip }: Net): string[] {
  const all = JSON.parse(ip('-json link show')) as { ifname: string }[];
  return all.map(({ ifname }) => ifname).filter((name) => name !== 'lo');
}

/** What of a namespace must be as before when a container has come to nothing: names, addresses, who is up. */
function snapshot({ ip }: Net): unknown[] {
  const all = JSON.parse(ip('-json addr show')) as {
    ifname: string;
    flags: string[];
    addr_info: { family: string; local: string; prefixlen: number; label?: string }[];
  }[];
  const sorted = all.sort((a, b) => a.ifname.localeCompare(b.ifname));
  return sorted.map(({ ifname, flags, addr_info }) => ({
    ifname,
    isUp: flags.includes('UP'),
    addresses: addr_info.map(({ local, prefixlen, label }) => `${local}/${prefixlen} ${label ?? ''}`).sort(),
  }));
}

t.test('a device is moved with its attributes, and set up', here, async (t) => {
  const host = makeNet(t, PAIR, 'link set eth7 mtu 1400 txqueuelen 77 address 02:00:00:00:00:07');
  const { pid } = running(t, devices({ eth7: {} }), [], { wrapper: host.wrapper });
  t.match(netOf(pid).ip('link show eth7'), /<.*\bUP\b.*> mtu 1400 .* qlen 77\n.*02:00:00:00:00:07/);
  t.same(names(netOf(pid)), ['eth7']);
  t.same(names(host), ['peer7'], 'it has left the host');
});

t.test('renamed', here, async (t) => {
  const host = makeNet(t, PAIR);
  const change = devices({ eth7: { name: 'net.7' }, peer7: { name: 'eth7' } });
  const seen = inside(change, 'cd /sys/class/net; echo *; cat eth7/flags net.7/flags', {
    wrapper: host.wrapper,
  });
  t.equal(seen, 'eth7 lo net.7\n0x1003\n0x1003', 'under names that are free by then, UP');
});

t.test('a template takes the first free number', here, async (t) => {
  const host = makeNet(t, PAIR);
  const change = devices({ eth7: { name: 'eth%d' }, peer7: { name: 'eth%d' } });
  t.equal(inside(change, 'cd /sys/class/net; echo *', { wrapper: host.wrapper }), 'eth0 eth1 lo');

  host.ip(PAIR);
  const other = makeNet(t, 'link add eth0 type veth peer name eth7');
  running(t, devices({ eth7: { name: 'eth%d' } }, joining(other.path)), [], { wrapper: host.wrapper });
  t.equal(names(other).length, 3, 'its own name is taken there, and so is the first one of the template');
  t.ok(names(other).every((name) => /^eth\d$/.test(name)));
});

t.test('permanent addresses of global scope come along', here, async (t) => {
  const host = makeNet(
    t,
    PAIR,
    'addr add 10.7.0.2/24 broadcast 10.7.0.255 label eth7:a dev eth7',
    'addr add 10.7.0.3/24 dev eth7',
    'addr add 192.0.2.1 peer 192.0.2.2/32 dev eth7',
    'addr add 2001:db8::7/64 dev eth7 nodad',
    'link set eth7 up',
    'addr add 169.254.7.7/16 scope link dev eth7',
    'addr add 10.8.0.1/24 valid_lft 900 preferred_lft 900 dev eth7',
  );
  const seen = inside(
    devices({ eth7: { name: 'c0' } }),
    'ip -o addr show dev c0 | tr -s " " | grep -v fe80',
    {
      wrapper: host.wrapper,
    },
  );
  const addresses = seen.split('\n').map((line) => /(inet6? .*?)\s*\\/.exec(line)?.[1] ?? line);
  t.same(addresses.sort(), [
    'inet 10.7.0.2/24 brd 10.7.0.255 scope global c0:a',
    'inet 10.7.0.3/24 scope global secondary c0',
    'inet 192.0.2.1 peer 192.0.2.2/32 scope global c0',
    'inet6 2001:db8::7/64 scope global flags 02', // nodad
  ]);
});

t.test('the container reaches the other end', here, async (t) => {
  const host = makeNet(
    t,
    PAIR,
    'addr add 10.7.0.2/24 dev eth7',
    'addr add 10.7.0.1/24 dev peer7',
    'link set peer7 up',
  );
  const change = devices({ eth7: { name: 'eth0' } });
  const script = 'echo hello | nc -l -p 4000';
  const { pid } = running(
    t,
    (config) => {
      change(config);
      config.process.args = ['/bin/sh', '-c', script];
    },
    [],
    { wrapper: host.wrapper },
  );
  t.ok(pid);
  const answer = () =>
    spawnSync('nsenter', [...host.wrapper.slice(1), 'busybox', 'nc', '-w', '20', '10.7.0.2', '4000'], {
      encoding: 'utf8',
    }).stdout;
  t.equal(until('the answer', answer), 'hello\n');
});

t.test('devices of other kinds', here, async (t) => {
  const host = makeNet(
    t,
    PAIR,
    'link add link peer7 name mac0 type macvlan mode bridge',
    'link add vx0 type vxlan id 7 dstport 4789',
    'link add ifb7 type ifb',
    'tuntap add tap7 mode tap',
  );
  const change = devices({ mac0: { name: 'eth0' }, vx0: {}, ifb7: {}, tap7: { name: 'vm%d' } });
  t.equal(inside(change, 'cd /sys/class/net; echo *', { wrapper: host.wrapper }), 'eth0 ifb7 lo vm0 vx0');
});

t.test('into the network namespace of a user namespace', here, async (t) => {
  const host = makeNet(t, PAIR, 'addr add 10.7.0.2/24 dev eth7');
  const change = devices({ eth7: {} }, withUserNamespace);
  const seen = inside(change, 'id -u; ip -o -4 addr show dev eth7', { wrapper: host.wrapper });
  t.match(seen, /^0\n.*inet 10\.7\.0\.2\/24/);
});

t.test('a sysctl of the device under its new name', here, async (t) => {
  const host = makeNet(t, PAIR);
  const change = devices({ eth7: { name: 'eth0.7' } }, (config) => {
    config.linux.sysctl = { 'net/ipv4/conf/eth0.7/forwarding': '1', 'net.ipv6.conf.eth0/7.hop_limit': '7' };
  });
  const script = 'cd /proc/sys/net; cat ipv4/conf/eth0.7/forwarding ipv6/conf/eth0.7/hop_limit';
  t.equal(inside(change, script, { wrapper: host.wrapper }), '1\n7');
});

t.test('nothing is moved back at the end', here, async (t) => {
  const host = makeNet(t, PAIR, 'link add eth8 type veth peer name peer8');
  const other = makeNet(t);
  running(t, devices({ eth8: {} }, joining(other.path)), [], { wrapper: host.wrapper });
  inside(devices({ eth7: {} }), 'true', { wrapper: host.wrapper });
  until('the end of the namespace', () => !names(host).includes('peer7'));
  t.same(names(host), ['peer8'], 'the kernel destroys a virtual device with its namespace');
  t.same(names(other), ['eth8'], 'a namespace that lives on keeps it');
});

t.test('what cannot be moved', here, async (t) => {
  const host = makeNet(
    t,
    PAIR,
    'addr add 10.7.0.2/24 dev eth7',
    'addr add 2001:db8::7/64 dev eth7 nodad',
    'link add br7 type bridge',
  );
  const other = makeNet(t, 'link add eth0 type veth peer name eth1');
  const before = { host: snapshot(host), other: snapshot(other) };
  const refuse = (change: Change, text: RegExp, message: string) => {
    const result = attempt(change, 'true', { wrapper: host.wrapper });
    refused(t, result, text, message);
    t.same({ host: snapshot(host), other: snapshot(other) }, before, `${message}: nothing has changed`);
  };
  refuse(
    devices({ eth7: {}, eth9: {} }),
    /linux\.netDevices\.eth9: the host has no such network device/,
    'one that is not there',
  );
  refuse(devices({ eth7: {}, lo: { name: 'lo7' } }), /linux\.netDevices\.lo.*invalid argument/, 'loopback');
  refuse(devices({ eth7: {}, br7: {} }), /linux\.netDevices\.br7.*invalid argument/, 'a bridge');
  refuse(
    devices({ eth7: { name: 'eth1' } }, joining(other.path)),
    /linux\.netDevices\.eth7: the container has a network device "eth1" already/,
    'a name that is taken',
  );
  refuse(devices({ eth7: { name: 'lo' } }), /linux\.netDevices\.eth7.*"lo" already/, 'the name of loopback');
  refuse(
    devices({ eth7: {} }, joining(host.path)),
    /linux\.netDevices\.eth7: the container is in the network namespace of the host/,
    "the host's namespace by path",
  );
  refuse(
    devices({ eth7: {} }, (config) => withoutNamespace(config, 'network')),
    /linux\.netDevices: needs a network namespace/,
    'no namespace at all',
  );
});

t.test('devices come back when the container comes to nothing', here, async (t) => {
  const host = makeNet(
    t,
    PAIR,
    'link set peer7 up',
    'link set eth7 up',
    'addr add 10.7.0.2/24 broadcast 10.7.0.255 label eth7:a dev eth7',
    'addr add 169.254.7.7/16 scope link dev eth7',
    'addr add 2001:db8::7/64 dev eth7 nodad',
    'link add eth8 type veth peer name peer8',
  );
  const linkLocal = () => /inet6 fe80/.test(host.ip('addr show dev eth7'));
  until('its own address', linkLocal);
  const other = makeNet(t);
  const before = { host: snapshot(host), other: snapshot(other) };
  const moves = { eth7: { name: 'c0' }, eth8: { name: 'c%d' } };
  for (const change of [devices(moves), devices(moves, joining(other.path))]) {
    const result = attempt(change, ['/no/such/program'], { wrapper: host.wrapper });
    refused(t, result, /no such file/);
    until('its own address', linkLocal);
    t.same({ host: snapshot(host), other: snapshot(other) }, before);
  }
});

t.test('created, and never started', here, async (t) => {
  const host = makeNet(t, PAIR);
  const { id, pid } = create(t, devices({ eth7: {} }), [], { wrapper: host.wrapper });
  t.match(netOf(pid).ip('link show eth7'), /\bUP\b/, 'it is there before start');
  t.equal(run(['delete', '--force', id]).status, 0);
  until('the end of the namespace', () => names(host).length === 0);
});

t.test('nothing is left', nothingLeft);
