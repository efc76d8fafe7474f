// Without a cgroup namespace a container that mounts its cgroups sees paths of the host's. CVE-2023-25809: it could write to
// them, as the same user. Here the root of a user namespace tries, and the host's own root with read-only cgroups.
import t from 'tap';
import { type Change, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, nothingLeft } from '../helpers/runtime.ts';

suite('root');

const FILES =
  '-name cgroup.procs -o -name tasks -o -name release_agent -o -name notify_on_release -o -name cgroup.freeze';
/** Writes what is there already, or itself, to every file that moves processes or runs programs of the host. */
const SCRIPT = `
  cd /sys/fs/cgroup || exit 1
  find . ${FILES} > /tmp/all
  while read file; do
    case $file in *procs|*tasks) value=$$;; *) value=$(cat $file);; esac
    if (echo "$value" > $file) 2>/dev/null; then echo written $file; fi
  done < /tmp/all
  test -s /tmp/all && echo tried
`;

const cgroups =
  (...options: string[]): Change =>
  (config) => {
    withoutNamespace(config, 'cgroup');
    config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options });
  };

// Not tried on another runtime: it is the host that would be hit.
t.test('the root of a user namespace', only('trunc'), async (t) => {
  for (const options of [['ro'], ['rw']]) {
    const result = attempt((config) => {
      withUserNamespace(config);
      cgroups(...options)(config);
    }, SCRIPT);
    t.equal(result.stdout, 'tried\n', options.join());
  }
});

// Not tried on another runtime: it is the host that would be hit.
t.test('with read-only cgroups', only('trunc'), async (t) => {
  t.equal(attempt(cgroups('ro', 'nosuid', 'noexec'), SCRIPT).stdout, 'tried\n');
});

// Not tried on another runtime: it is the host that would be hit.
t.test('nor can it be made writable without a capability', only('trunc'), async (t) => {
  const remount =
    'for at in /sys/fs/cgroup /sys/fs/cgroup/*; do mount -o remount,bind,rw $at 2>/dev/null && echo remounted $at; done;';
  t.equal(attempt(cgroups('ro'), `${remount}${SCRIPT}`).stdout, 'tried\n');
});

// Not tried on another runtime: it is the host that would be hit.
t.test('the same script where it may write', only('trunc'), async (t) => {
  t.match(attempt(cgroups('rw'), SCRIPT).stdout, /^written .*cgroup\.procs$/m, 'it does');
});

t.test('nothing is left', nothingLeft);
