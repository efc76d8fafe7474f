import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, withUserNamespace } from '../helpers/bundle.ts';
import { all, hostDir, info, inMounts, mount } from '../helpers/mounts.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root');

// What is mounted there has its place in /dev, where the root of the namespace can make it.
const mapped: Change = (config) => withUserNamespace(config);

/** A directory behind one that only the host's root may enter. */
function secretDir(): string {
  const lock = join(temp, newId());
  mkdirSync(join(lock, 'inner'), { recursive: true });
  chmodSync(lock, 0o700);
  writeFileSync(join(lock, 'inner/file'), 'from the host\n');
  return join(lock, 'inner');
}

// crun 1.8 has init open them.
t.test('sources that the root of a user namespace could not open', only(['trunc', 'runc']), async (t) => {
  const source = secretDir();
  const bind = mount(
    { destination: '/dev/data', source, options: ['rbind', 'nosuid'] },
    { destination: '/dev/file', source: `${source}/file`, options: ['bind', 'ro'] },
  );
  const script = `cat /dev/data/file /dev/file; ${info('/dev/data')} | cut -d" " -f1; ${info('/dev/file')} | cut -d" " -f1`;
  t.same(inside(all(mapped, bind), script).split('\n'), [
    'from the host',
    'from the host',
    'rw,nosuid,relatime',
    'ro,relatime',
  ]);
});

// runc names neither the mount nor the source.
t.test('a source that is not there', only('trunc'), async (t) => {
  const bind = mount({ destination: '/dev/data', source: '/no/such', options: ['bind'] });
  refused(
    t,
    attempt(all(mapped, bind), 'true'),
    /mounts\[4\]: mount \/no\/such on \/dev\/data: source: \/no\/such: no such file or directory/,
  );
});

// runc asks the kernel for what it refuses there.
t.test('in a user namespace a bind takes one mount of several', only('trunc'), async (t) => {
  const source = hostDir();
  mkdirSync(join(source, 'below'));
  const wrapper = inMounts(`mount -t tmpfs x ${source}/below; echo 1 > ${source}/below/one`);
  const list = (type: string) =>
    inside(all(mapped, mount({ destination: '/dev/data', source, options: [type] })), 'ls /dev/data/below', {
      wrapper,
    });
  t.equal(list('bind'), '');
  t.equal(list('rbind'), 'one');
});

t.test('what is mounted in a source does not come out', only(['trunc', 'runc']), async (t) => {
  const source = hostDir();
  const script = `mount -t tmpfs x ${source}; mkdir ${source}/sub; chmod 777 ${source} ${source}/sub; "$@"; grep ${source} /proc/self/mountinfo >&2`;
  const change = all(
    mapped,
    mount(
      { destination: '/dev/data', source, options: ['rbind'] },
      { destination: '/dev/data/sub', type: 'tmpfs', source: 'leak' },
    ),
  );
  const { status, stderr, stdout } = attempt(change, info('/dev/data/sub'), {
    wrapper: inMounts(script, 'shared'),
  });
  t.equal(status, 0, stderr);
  t.match(stdout, / - tmpfs leak /, 'it is there inside');
  t.notMatch(stderr, /leak/, 'and nowhere else');
});

t.test('more than fit in one message', only(['trunc', 'runc']), async (t) => {
  const source = hostDir();
  const many = Array.from({ length: 150 }, (_, index) => ({
    destination: `/dev/data/${index}`,
    source,
    options: ['bind'],
  }));
  t.equal(inside(all(mapped, mount(...many)), 'cat /dev/data/*/file | wc -l'), '150');
});

t.test('owners are those of the namespace', only(['trunc', 'runc']), async (t) => {
  const source = hostDir();
  chownSync(join(source, 'file'), 100_007, 100_008);
  const bind = mount({ destination: '/dev/data', source, options: ['bind'] });
  t.equal(inside(all(mapped, bind), 'stat -c %u:%g /dev/data/file'), '7:8');
});

t.test('nothing is left', nothingLeft);
