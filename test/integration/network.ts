import { readdirSync } from 'node:fs';
import t from 'tap';
import { withoutNamespace } from '../helpers/bundle.ts';
import { suite } from '../helpers/requires.ts';
import { inside, nothingLeft } from '../helpers/runtime.ts';

suite('root');

t.test('loopback is up in a new namespace, and alone', async (t) => {
  const seen = inside(() => {}, 'ls /sys/class/net; ip -o link show lo; ip -o addr show lo');
  t.match(seen, /^lo\n/);
  t.match(seen, /<LOOPBACK,UP,LOWER_UP>/);
  t.match(seen, /inet 127\.0\.0\.1\/8/);
});

t.test('a connection to itself', async (t) => {
  const script = '(echo hello | nc -l -p 4000) & sleep 0.2; nc 127.0.0.1 4000 < /dev/null';
  t.equal(
    inside(() => {}, script),
    'hello',
  );
});

t.test('the network of the host', async (t) => {
  const script = 'ls /sys/class/net';
  const host = inside((config) => withoutNamespace(config, 'network'), script);
  t.same(host.split('\n').sort(), readdirSync('/sys/class/net').sort());
});

t.test('nothing is left', nothingLeft);
