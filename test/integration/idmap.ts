import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, type Mount, withUserNamespace } from '../helpers/bundle.ts';
import { all, hostDir, inMounts, mount } from '../helpers/mounts.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused } from '../helpers/runtime.ts';

suite('root');

// runc 1.1.5 has none of it, and crun 1.8 maps with the user namespace of the container only.
const here = only(['trunc', 'newer runc']);

const mapped: Change = (config) => withUserNamespace(config);
const map = (containerID: number, hostID: number, size: number) => ({ containerID, hostID, size });
const bind = (source: string, more: Partial<Mount>): Change =>
  mount({ destination: '/data', source, options: ['bind'], ...more });
const owners = 'stat -c %u:%g /data/file /data/other';

/** A directory with files of root and of 7:8. */
function source(): string {
  const dir = hostDir();
  writeFileSync(join(dir, 'other'), '');
  chownSync(join(dir, 'other'), 7, 8);
  return dir;
}

t.test('the maps of the mount', here, async (t) => {
  const dir = source();
  const maps = { uidMappings: [map(0, 1000, 10)], gidMappings: [map(0, 2000, 5), map(8, 3000, 1)] };
  const seen = (options: string[]) => inside(bind(dir, { options, ...maps }), owners).split('\n');
  t.same(seen(['bind', 'idmap']), ['1000:2000', '1007:3000']);
  t.same(seen(['bind']), ['1000:2000', '1007:3000'], 'maps without the option ask for it');
  const less = { uidMappings: [map(0, 1000, 1)], gidMappings: [map(0, 1000, 1)] };
  t.same(
    inside(bind(dir, { options: ['bind', 'idmap'], ...less }), owners).split('\n'),
    ['1000:1000', '65534:65534'],
    'what has no place there belongs to nobody',
  );
});

t.test('what is made there belongs to the owner behind the map', here, async (t) => {
  const dir = source();
  const maps = { uidMappings: [map(7, 0, 1)], gidMappings: [map(8, 0, 1)] };
  inside(bind(dir, { options: ['bind', 'idmap'], ...maps }), 'cat /data/other; : > /data/other');
  const change = all(bind(dir, { options: ['bind', 'idmap'], ...maps }), (config) => {
    config.process.user = { uid: 0, gid: 0 };
  });
  chownSync(dir, 7, 8);
  inside(change, 'touch /data/made');
  const { uid, gid } = statSync(join(dir, 'made'));
  t.same([uid, gid], [7, 8]);
});

t.test('in a user namespace', here, async (t) => {
  const dir = source();
  t.same(
    inside(
      all(mapped, bind(dir, { destination: '/dev/data', options: ['bind', 'idmap'] })),
      owners.replaceAll('/data', '/dev/data'),
    ).split('\n'),
    ['0:0', '7:8'],
    'by its own maps',
  );
  const maps = { uidMappings: [map(0, 100_003, 10)], gidMappings: [map(0, 100_004, 10)] };
  t.same(
    inside(
      all(mapped, bind(dir, { destination: '/dev/data', options: ['bind', 'idmap'], ...maps })),
      owners.replaceAll('/data', '/dev/data'),
    ).split('\n'),
    ['3:4', '10:12'],
    "by those of the mount, which are the host's",
  );
});

t.test('idmap maps one mount, ridmap those below it too', here, async (t) => {
  const dir = source();
  mkdirSync(join(dir, 'below'));
  // Not a tmpfs, which has maps only since Linux 6.3.
  const below = hostDir();
  chownSync(join(below, 'file'), 7, 8);
  const wrapper = inMounts(`mount --bind ${below} ${dir}/below`);
  const maps = { uidMappings: [map(0, 1000, 10)], gidMappings: [map(0, 1000, 10)] };
  const seen = (option: string) =>
    inside(bind(dir, { options: ['rbind', option], ...maps }), 'stat -c %u:%g /data/file /data/below/file', {
      wrapper,
    }).split('\n');
  t.same(seen('idmap'), ['1000:1000', '7:8']);
  t.same(seen('ridmap'), ['1000:1000', '1007:1008']);
});

t.test('with attributes and propagation', here, async (t) => {
  const dir = source();
  const maps = { uidMappings: [map(0, 1000, 10)], gidMappings: [map(0, 1000, 10)] };
  const seen = inside(
    bind(dir, { options: ['rbind', 'ridmap', 'ro', 'noexec', 'rshared'], ...maps }),
    'grep " /data " /proc/self/mountinfo | cut -d" " -f6-',
  );
  t.match(seen, /^ro,noexec,relatime,idmapped shared:\d+ - |^ro,noexec,\S* shared:/);
});

// runc has other words.
t.test('a filesystem that cannot', only('trunc'), async (t) => {
  const maps = { uidMappings: [map(0, 1000, 10)], gidMappings: [map(0, 1000, 10)] };
  const change = bind('/sys/kernel', { options: ['bind', 'idmap'], ...maps });
  refused(
    t,
    attempt(change, 'true'),
    /mounts\[4\]: mount \/sys\/kernel on \/data: idmap: .*invalid argument \(.*may know no mapping/,
  );
});

// runc has other words.
t.test('maps that are none', only('trunc'), async (t) => {
  const dir = source();
  refused(
    t,
    attempt(bind(dir, { options: ['bind', 'idmap'] }), 'true'),
    /mounts\[4\].options\[1\].*user namespace/,
  );
  refused(t, attempt(bind(dir, { uidMappings: [map(0, 1, 1)] }), 'true'), /mounts\[4\].gidMappings/);
});

t.test('nothing is left', nothingLeft);
