import t from 'tap';
import { type Change, withoutNamespace } from '../helpers/bundle.ts';
import { suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, runtime } from '../helpers/runtime.ts';

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

t.test('of an interface with a dot in its name', async (t) => {
  const script = 'cat /proc/sys/net/ipv4/conf/lo/forwarding';
  t.equal(inside(sysctl({ 'net.ipv4.conf.lo.forwarding': '1' }), script), '1');
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

t.test('that does not exist', async (t) => {
  refused(t, attempt(sysctl({ 'net.no.such': '1' }), 'true'), /no such file or directory/);
});

t.test('nothing is left', nothingLeft);
