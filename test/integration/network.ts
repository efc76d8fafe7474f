import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, withoutNamespace } from '../helpers/bundle.ts';
import { suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root');

t.test('loopback is up in a new namespace, and alone', async (t) => {
  const seen = inside(() => {}, 'ls /sys/class/net; ip -o link show lo; ip -o addr show lo');
  t.match(seen, /^lo\n/);
  t.match(seen, /<LOOPBACK,UP,LOWER_UP>/);
  t.match(seen, /inet 127\.0\.0\.1\/8/);
});

t.test('a connection to itself', async (t) => {
  const connect = 'until nc 127.0.0.1 4000 < /dev/null 2> /dev/null; do sleep 0.05; done';
  const script = `(echo hello | nc -l -p 4000) & ${connect}`;
  t.equal(
    inside(() => {}, script),
    'hello',
  );
});

t.test('the network of the host', async (t) => {
  // In a network of the test's own: on the machine's, others add and remove devices.
  const sys = join(temp, newId());
  mkdirSync(sys);
  const script = `ip link add own7 type veth peer name own8; mount -t sysfs own ${sys}; ls ${sys}/class/net >&2; exec "$@"`;
  const wrapper = ['unshare', '--net', '--mount', 'sh', '-c', script, 'sh'];
  const absent: Change = (config) => withoutNamespace(config, 'network');
  const { stdout, stderr } = attempt(absent, 'ls /sys/class/net', { wrapper });
  t.match(stdout, /^own7\nown8$/m);
  t.equal(stdout, stderr, 'is that of the caller');
});

t.test('nothing is left', nothingLeft);
