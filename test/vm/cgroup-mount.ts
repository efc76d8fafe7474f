/** Mounts of type cgroup where there is version 2 alone; what is in the files is in test/integration/cgroup-*.ts. */
import { mkdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { type Change, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, running } from '../helpers/runtime.ts';
import { tag } from '../helpers/sandbox.ts';

suite('root', 'cgroup-v2');

const MOUNT = '/sys/fs/cgroup';
const PATH = `/${tag}/mounted`;

const mounted =
  (options: string[], ...changes: Change[]): Change =>
  (config) => {
    config.linux.cgroupsPath = PATH;
    const usual = ['nosuid', 'noexec', 'nodev', 'relatime'];
    config.mounts.push({
      destination: MOUNT,
      type: 'cgroup',
      source: 'cgroup',
      options: [...usual, ...options],
    });
    for (const change of changes) change(config);
  };
const shared: Change = (config) => withoutNamespace(config, 'cgroup');
const mapped: Change = (config) => withUserNamespace(config);

const LOOK = `cat /proc/self/cgroup; grep ' ${MOUNT} ' /proc/self/mountinfo; ls -d ${MOUNT}/*`;
const MEMBERS = `cat ${MOUNT}/cgroup.procs`;
const LIMIT = /^\/sys\/fs\/cgroup\/memory\.max$/m; // which the root of the hierarchy does not have
const NEIGHBOUR = /^\/sys\/fs\/cgroup\/system\.slice$/m;

t.test('with a cgroup namespace it shows the cgroup of the container alone', async (t) => {
  const seen = inside(mounted(['ro']), `${LOOK}; ${MEMBERS}`);
  t.match(seen, /^0::\/$/m);
  t.match(seen, / \/ \/sys\/fs\/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup2? rw/);
  t.match(seen, LIMIT);
  t.notMatch(seen, NEIGHBOUR);
  t.match(seen, /^1$/m, 'the program is in it');
});

t.test('without one it is that of the host, which the paths in /proc are meant for', async (t) => {
  for (const more of [() => {}, mapped]) {
    const seen = inside(mounted(['ro'], shared, more), `${LOOK}; cat ${MOUNT}${PATH}/cgroup.procs`);
    t.match(seen, new RegExp(`^0::${PATH}$`, 'm'));
    t.match(seen, / \/ \/sys\/fs\/cgroup ro,nosuid,nodev,noexec,relatime (master:\d+ )?- cgroup2 /);
    t.match(seen, NEIGHBOUR);
    t.match(seen, /^1$/m, 'the program is in it');
  }
});

// runc 1.1.5 and crun 1.8.1 mount it anew, which resets them: runc's issue 5258.
t.test('the options of the host’s mount stay', only('trunc'), async (t) => {
  const options = () => / - cgroup2 \S+ (\S+)$/m.exec(readFileSync('/proc/self/mountinfo', 'utf8'))?.[1];
  t.match(options(), 'nsdelegate');
  const before = options();
  for (const change of [mounted([]), mounted([], shared), mounted(['ro'], shared, mapped)])
    inside(change, 'true');
  t.equal(options(), before);
});

t.test('a read-only one cannot be changed, a writable one can', async (t) => {
  const child = `${MOUNT}/child`;
  const script = `mkdir ${child} && echo $$ > ${child}/cgroup.procs && cat /proc/self/cgroup`;
  t.match(attempt(mounted(['ro']), script).stderr, /Read-only file system/);
  t.match(
    attempt(mounted([]), `${script}; echo $$ > ${MOUNT}/cgroup.procs; rmdir ${child}`).stdout,
    /^0::\/child$/m,
  );
});

// runc 1.1.5 gives it away with the systemd driver only, crun 1.8.1 not at all.
t.test('in a user namespace a writable one belongs to the container', only('trunc'), async (t) => {
  const script = `stat -c %u ${MOUNT} ${MOUNT}/cgroup.procs ${MOUNT}/memory.max; mkdir ${MOUNT}/child && echo made; rmdir ${MOUNT}/child`;
  t.equal(inside(mounted(['rw'], mapped), script), '0\n0\n65534\nmade');
});

// runc 1.1.5 fails to remove them.
t.test('cgroups that the container made go with it', only(['trunc', 'crun']), async (t) => {
  running(t, mounted([]));
  mkdirSync(`${MOUNT}${PATH}/a/b`, { recursive: true });
});

t.test('nothing is left', nothingLeft);
