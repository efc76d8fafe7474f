/** linux.resources.devices on cgroup v2: a program of eBPF. Seen from inside, it is what version 1 does. */
import t from 'tap';
import type { Change } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft } from '../helpers/runtime.ts';
import { tag } from '../helpers/sandbox.ts';

suite('root', 'cgroup-v2');

interface Rule {
  allow: boolean;
  type?: string;
  major?: number;
  minor?: number;
  access?: string;
}

const rules =
  (...devices: Rule[]): Change =>
  (config) => {
    config.linux.cgroupsPath = `/${tag}/filtered`;
    Object.assign(config.linux, { resources: { devices } });
  };
const NOTHING: Rule = { allow: false, access: 'rwm' };
const KMSG = { type: 'c', major: 1, minor: 11 };
const PORT = { type: 'c', major: 1, minor: 4 };
const LOOP = { type: 'b', major: 7 };

/** Which of reading and writing the kernel allows, device by device: `kmsg:r port: loop0:rw`. */
function allowed(change: Change): string {
  const lines = ['kmsg c 1 11', 'port c 1 4', 'mem c 1 1', 'loop0 b 7 0', 'loop1 b 7 1'].map((node) => {
    const [name] = node.split(' ');
    const path = `/tmp/${name}`;
    // Opened only: what is in them is of no interest.
    return `mknod /tmp/${node} && printf ' ${name}:'; (: <${path}) 2>/dev/null && printf r; (: 1<>${path}) 2>/dev/null && printf w`;
  });
  return inside(change, `${lines.join('\n')}\n:`).trim();
}

t.test('without rules: the devices that every container has', async (t) => {
  t.equal(allowed(rules()), 'kmsg: port: mem: loop0: loop1:', 'others can be made, but not opened');
  const script = 'for name in null zero full random urandom tty; do (: </dev/$name) && echo $name; done 2>&1';
  t.match(inside(rules(), script), /^null\nzero\nfull\nrandom\nurandom\n.*tty.*No such device or address/);
  t.equal(
    inside(rules(NOTHING), 'head -c 3 /dev/zero | wc -c; echo x > /dev/null && echo written'),
    '3\nwritten',
  );
});

t.test('one device', async (t) => {
  t.equal(
    allowed(rules(NOTHING, { allow: true, ...KMSG, access: 'rw' })),
    'kmsg:rw port: mem: loop0: loop1:',
  );
});

t.test('one access of it', async (t) => {
  t.equal(allowed(rules(NOTHING, { allow: true, ...KMSG, access: 'r' })), 'kmsg:r port: mem: loop0: loop1:');
  t.equal(allowed(rules(NOTHING, { allow: true, ...KMSG, access: 'm' })), 'kmsg: port: mem: loop0: loop1:');
});

t.test('all minor numbers, and block devices', async (t) => {
  t.equal(allowed(rules({ allow: true, ...LOOP, access: 'r' })), 'kmsg: port: mem: loop0:r loop1:r');
  t.equal(
    allowed(rules({ allow: true, ...LOOP, minor: -1, access: 'rwm' })),
    'kmsg: port: mem: loop0:rw loop1:rw',
  );
  t.equal(
    allowed(rules({ allow: true, ...LOOP, minor: 1, access: 'rwm' })),
    'kmsg: port: mem: loop0: loop1:rw',
  );
});

t.test('all devices', async (t) => {
  t.equal(allowed(rules({ allow: true, access: 'rwm' })), 'kmsg:rw port:rw mem:rw loop0:rw loop1:rw');
  t.equal(allowed(rules({ allow: true, type: 'c', access: 'rwm' })), 'kmsg:rw port:rw mem:rw loop0: loop1:');
});

t.test('of the rules for a device the last one decides', async (t) => {
  const all = { allow: true, access: 'rwm' };
  const deny = { allow: false, access: 'rwm' };
  t.equal(allowed(rules(all, { ...deny, ...PORT })), 'kmsg:rw port: mem:rw loop0:rw loop1:rw');
  t.equal(
    allowed(rules(NOTHING, { ...all, ...PORT }, { ...deny, ...PORT })),
    'kmsg: port: mem: loop0: loop1:',
  );
  t.equal(allowed(rules(all, NOTHING, { ...all, ...PORT })), 'kmsg: port:rw mem: loop0: loop1:');
});

// runc 1.1.5 refuses to take a part of a rule away.
t.test('a part of what a rule allows can be denied', only('trunc'), async (t) => {
  const deny = { allow: false, ...LOOP, minor: 1, access: 'w' };
  t.equal(allowed(rules({ allow: true, ...LOOP, access: 'rwm' }, deny)), 'kmsg: port: mem: loop0:rw loop1:r');
});

t.test('making a node can be denied', only('trunc'), async (t) => {
  const change = rules({ allow: true, access: 'rwm' }, { allow: false, type: 'c', access: 'm' });
  const { status, stderr } = attempt(change, 'mknod /tmp/kmsg c 1 11');
  t.equal(status, 1);
  t.match(stderr, /Operation not permitted/);
});

t.test('a hundred rules', async (t) => {
  const many = Array.from({ length: 100 }, (_, minor) => ({
    allow: true,
    type: 'c',
    major: 200,
    minor,
    access: 'r',
  }));
  t.equal(
    allowed(rules(NOTHING, ...many, { allow: true, ...KMSG, access: 'r' })),
    'kmsg:r port: mem: loop0: loop1:',
  );
});

t.test('nothing is left', nothingLeft);
