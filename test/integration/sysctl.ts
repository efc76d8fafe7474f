import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { type Change, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { donor, enter, LINKS } from '../helpers/namespaces.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, running, runtime } from '../helpers/runtime.ts';

suite('root');

const sysctl =
  (values: Record<string, string>, ...without: string[]): Change =>
  (config) => {
    config.linux.sysctl = values;
    for (const type of without) withoutNamespace(config, type);
  };

t.test('is seen in the container', async (t) => {
  const script = 'cd /proc/sys; cat net/ipv4/ip_forward kernel/shmmni kernel/msgmax fs/mqueue/msg_max';
  const values = {
    'net.ipv4.ip_forward': '1',
    'kernel.shmmni': '123',
    'kernel.msgmax': '9000',
    'fs.mqueue.msg_max': '20',
  };
  t.equal(inside(sysctl(values), script), '1\n123\n9000\n20');
  t.equal(
    inside(sysctl({ 'net/ipv4/ip_forward': '1' }), 'cat /proc/sys/net/ipv4/ip_forward'),
    '1',
    'with slashes',
  );
});

// runc 1.1.5 and crun take every dot for a slash; 1.3.6 knows better, and then opens no path of a slash.
t.test('of an interface with a dot in its name', only('trunc'), async (t) => {
  const pid = donor(t, '--net');
  const ip = ['ip', 'link', 'add', 'eth0.100', 'type', 'veth', 'peer', 'name', 'eth0'];
  t.equal(spawnSync('nsenter', [`--net=/proc/${pid}/ns/net`, ...ip]).status, 0);
  const script = 'cd /proc/sys/net/ipv4/conf; cat eth0.100/forwarding eth0.100/rp_filter eth0/rp_filter';
  const change: Change = (config) => {
    enter(config, 'network', `/proc/${pid}/ns/net`);
    config.linux.sysctl = {
      'net/ipv4/conf/eth0.100/forwarding': '1',
      'net.ipv4.conf.eth0/100.rp_filter': '2',
      'net.ipv4.conf.eth0.rp_filter': '1',
    };
  };
  t.equal(inside(change, script), '1\n2\n1');
});

// runc and crun refuse them all.
t.test('of a user namespace', only('trunc'), async (t) => {
  const change: Change = (config) => {
    withUserNamespace(config);
    config.linux.sysctl = { 'user.max_uts_namespaces': '7', 'user/max_net_namespaces': '8' };
  };
  const script = 'cd /proc/sys/user; cat max_uts_namespaces max_net_namespaces';
  t.equal(inside(change, script), '7\n8');
});

t.test('the domain name', async (t) => {
  const values = { 'kernel.domainname': 'nis.example' };
  t.equal(inside(sysctl(values), 'cat /proc/sys/kernel/domainname'), 'nis.example');
});

t.test('of a user namespace that has its own network and IPC', async (t) => {
  const change: Change = (config) => {
    withUserNamespace(config);
    config.linux.sysctl = { 'net.ipv4.ip_unprivileged_port_start': '80', 'kernel.sem': '250 32000 100 99' };
  };
  const script = 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/sem';
  t.equal(inside(change, script).replaceAll('\t', ' '), '80\n250 32000 100 99');
});

t.test('where /proc/sys is read-only, or not mounted', async (t) => {
  const values = { 'net.ipv4.ip_forward': '1' };
  const readonly: Change = (config) => {
    sysctl(values)(config);
    config.linux.readonlyPaths = ['/proc/sys'];
  };
  const script = 'cat /proc/sys/net/ipv4/ip_forward; echo 0 2>&1 > /proc/sys/net/ipv4/ip_forward || true';
  t.match(inside(readonly, script), /^1\n.*Read-only/i);
  if (runtime.kind !== 'trunc') return; // the others need /proc
  const { pid } = running(t, (config) => {
    sysctl(values)(config);
    config.mounts = config.mounts.filter(({ type }) => type !== 'proc');
  });
  const seen = spawnSync('nsenter', [`--net=/proc/${pid}/ns/net`, 'cat', '/proc/sys/net/ipv4/ip_forward']);
  t.equal(seen.stdout.toString(), '1\n');
});

t.test("what is not the container's alone is refused", async (t) => {
  if (runtime.kind === 'crun') return; // another set of rules
  const refuse = (change: Change, message: string) =>
    refused(t, attempt(change, 'true'), /sysctl|namespace/, message);
  refuse(sysctl({ 'kernel.threads-max': '100000' }), 'not in a namespace');
  refuse(sysctl({ 'vm.swappiness': '1' }), 'vm');
  refuse(sysctl({ 'net.ipv4.ip_forward': '1' }, 'network'), 'net without a network namespace');
  refuse(sysctl({ 'kernel.shmmni': '1' }, 'ipc'), 'ipc without an IPC namespace');
  refuse(sysctl({ 'kernel.hostname': 'x' }), 'kernel.hostname, which has its own property');
});

// runc looks at the network only, crun 1.8 not at all.
t.test("of a namespace that is joined, and is the host's", async (t) => {
  if (runtime.kind === 'crun') return;
  const before = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8');
  const joined = (type: string, name: string, value: string) => {
    const change: Change = (config) => {
      enter(config, type, `/proc/${process.pid}/ns/${LINKS[type]}`);
      config.linux.sysctl = { [name]: value };
    };
    refused(t, attempt(change, 'true'), new RegExp(`${name.replaceAll('.', '[./]')}|not allowed`), name);
  };
  joined('network', 'net.ipv4.ip_forward', before.trim());
  t.equal(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'), before);
  if (runtime.kind !== 'trunc') return;
  joined('ipc', 'kernel.shmmni', readFileSync('/proc/sys/kernel/shmmni', 'utf8').trim());
  joined('uts', 'kernel.domainname', readFileSync('/proc/sys/kernel/domainname', 'utf8').trim());
});

t.test("of a joined namespace that is not the host's", async (t) => {
  const pid = donor(t, '--net', '--ipc');
  const change: Change = (config) => {
    enter(config, 'network', `/proc/${pid}/ns/net`);
    enter(config, 'ipc', `/proc/${pid}/ns/ipc`);
    config.linux.sysctl = { 'net.ipv4.ip_forward': '1', 'kernel.shmmni': '55' };
  };
  t.equal(inside(change, 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni'), '1\n55');
});

t.test('that does not exist', async (t) => {
  refused(t, attempt(sysctl({ 'net.no.such': '1' }), 'true'), /no such file or directory/);
});

t.test('nothing is left', nothingLeft);
