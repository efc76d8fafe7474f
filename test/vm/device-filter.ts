/** linux.resources.devices on cgroup v2: a program of eBPF. Seen from inside, it is what version 1 does. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, succeed } from '../helpers/runtime.ts';
import { newId, tag } from '../helpers/sandbox.ts';

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
const FUSE = { type: 'c', major: 10, minor: 229 };
const CONTROL = { type: 'c', major: 10, minor: 237 };
const LOOP = { type: 'b', major: 7 };

// Devices that the kernel has, and opens for a program without capabilities.
const NODES = ['fuse c 10 229', 'control c 10 237', 'loop0 b 7 0', 'loop1 b 7 1'];

/** What is allowed, device by device, m for making another node of it: `fuse:mr control:m loop0:mrw loop1:m`. */
function allowed(change: Change): string {
  const lines = NODES.map((node) => {
    const [name] = node.split(' ');
    // Opened only: what is in them is of no interest.
    const tries = { m: `mknod /tmp/${node}`, r: `: </nodes/${name}`, w: `: >/nodes/${name}` };
    const shown = Object.entries(tries).map(
      ([letter, command]) => `(${command}) 2>/dev/null && printf ${letter}`,
    );
    return [`printf ' ${name}:'`, ...shown].join('\n');
  });
  const bundle = makeBundle((config) => {
    change(config);
    config.process.args = ['/bin/sh', '-c', `${lines.join('\n')}\n:`];
  });
  mkdirSync(join(bundle, 'rootfs/nodes'));
  for (const node of NODES) spawnSync('mknod', node.split(' '), { cwd: join(bundle, 'rootfs/nodes') });
  return succeed(['run', newId()], { bundle }).stdout.trim();
}

t.test('without rules: the devices that every container has', async (t) => {
  t.equal(allowed(rules()), 'fuse:m control:m loop0:m loop1:m', 'others can be made, but not opened');
  const script =
    'for name in null zero full random urandom tty; do (: </dev/$name) && echo $name; done 2>&1; :';
  t.match(inside(rules(), script), /^null\nzero\nfull\nrandom\nurandom\n.*tty.*No such device or address/);
  t.equal(
    inside(rules(NOTHING), 'head -c 3 /dev/zero | wc -c; echo x > /dev/null && echo written'),
    '3\nwritten',
  );
});

t.test('one device', async (t) => {
  t.equal(
    allowed(rules(NOTHING, { allow: true, ...FUSE, access: 'rw' })),
    'fuse:mrw control:m loop0:m loop1:m',
  );
});

t.test('one access of it', async (t) => {
  t.equal(
    allowed(rules(NOTHING, { allow: true, ...FUSE, access: 'r' })),
    'fuse:mr control:m loop0:m loop1:m',
  );
  t.equal(allowed(rules(NOTHING, { allow: true, ...FUSE, access: 'm' })), 'fuse:m control:m loop0:m loop1:m');
});

t.test('all minor numbers, and block devices', async (t) => {
  t.equal(allowed(rules({ allow: true, ...LOOP, access: 'r' })), 'fuse:m control:m loop0:mr loop1:mr');
  t.equal(
    allowed(rules({ allow: true, ...LOOP, minor: -1, access: 'rwm' })),
    'fuse:m control:m loop0:mrw loop1:mrw',
  );
  t.equal(
    allowed(rules({ allow: true, ...LOOP, minor: 1, access: 'rwm' })),
    'fuse:m control:m loop0:m loop1:mrw',
  );
});

t.test('all devices', async (t) => {
  t.equal(allowed(rules({ allow: true, access: 'rwm' })), 'fuse:mrw control:mrw loop0:mrw loop1:mrw');
  t.equal(allowed(rules({ allow: true, type: 'c', access: 'rwm' })), 'fuse:mrw control:mrw loop0:m loop1:m');
});

t.test('of the rules for a device the last one decides', async (t) => {
  const all = { allow: true, access: 'rwm' };
  const deny = { allow: false, access: 'rwm' };
  t.equal(allowed(rules(all, { ...deny, ...CONTROL })), 'fuse:mrw control: loop0:mrw loop1:mrw');
  t.equal(
    allowed(rules(NOTHING, { ...all, ...CONTROL }, { ...deny, ...CONTROL })),
    'fuse:m control:m loop0:m loop1:m',
  );
  t.equal(allowed(rules(all, NOTHING, { ...all, ...CONTROL })), 'fuse:m control:mrw loop0:m loop1:m');
});

// runc 1.1.5 refuses to take a part of a rule away.
t.test('a part of what a rule allows can be denied', only('trunc'), async (t) => {
  const deny = { allow: false, ...LOOP, minor: 1, access: 'w' };
  t.equal(
    allowed(rules({ allow: true, ...LOOP, access: 'rwm' }, deny)),
    'fuse:m control:m loop0:mrw loop1:mr',
  );
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
    allowed(rules(NOTHING, ...many, { allow: true, ...FUSE, access: 'r' })),
    'fuse:mr control:m loop0:m loop1:m',
  );
});

t.test('nothing is left', nothingLeft);
