// A container that may write to its own cgroup makes others below it, of any names. None of them may keep the runtime
// from finding the container's processes, nor from removing it.
import t from 'tap';
import { type Change, withoutNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, run, running, succeed } from '../helpers/runtime.ts';
import { until } from '../helpers/sandbox.ts';

suite('root', 'cgroup-v1');

const MAKERS: Record<string, string> = {
  'a name that is no UTF-8': `name=$(printf 'a\\377b'); mkdir "$name" && cd "$name"`,
  'a name of blanks and quotes': `mkdir ' "\\$(x)' && cd ' "\\$(x)'`,
  'longer than a path can be': `name=${'n'.repeat(250)}; i=0; while [ $i -lt 20 ]; do mkdir $name && cd $name || exit 1; i=$((i+1)); done`,
};

/** Its processes are hidden in a cgroup below, and no pid namespace ends them. */
const hiding =
  (make: string): Change =>
  (config) => {
    withoutNamespace(config, 'pid');
    config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['rw'] });
    const move = `for at in pids freezer; do (cd $at && ${make} && echo 0 > cgroup.procs); done`;
    config.process.args = ['/bin/sh', '-c', `cd /sys/fs/cgroup; sleep 1000 & ${move}; echo up; sleep 1000`];
  };

for (const [name, make] of Object.entries(MAKERS)) {
  // runc 1.1.5 leaves what it cannot open, for ever.
  t.test(name, name.startsWith('longer') ? only('trunc') : {}, async (t) => {
    const { id, output } = running(t, hiding(make));
    until('the cgroups', () => output.stdout.includes('up'));
    const before = JSON.parse(succeed(['ps', '--format', 'json', id]).stdout);
    t.ok(before.length >= 2, `${before} are seen`);
    const { status, stderr } = run(['delete', '--force', id]);
    t.equal(status, 0, stderr);
  });
}

t.test('nothing is left', nothingLeft);
