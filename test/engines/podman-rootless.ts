import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Engine, QUIET } from '../helpers/engine.ts';
import { enterLab, makeImage, RUNTIME, remains } from '../helpers/lab.ts';
import { UID } from '../helpers/ordinary-user.ts';
import { newId, temp } from '../helpers/sandbox.ts';

// Podman of an ordinary user, who has no cgroup here: it makes a user namespace, and calls the runtime in there as root.
await enterLab('podman', 'conmon', 'catatonit', 'newuidmap', 'script');

const FIRST = 700_000;
const home = join(temp, 'ordinary');
const runtimeDirectory = join(home, 'run');
for (const directory of [home, runtimeDirectory]) {
  mkdirSync(directory, { mode: 0o711 }); // Podman 5 has the root of a second namespace pass through
  chownSync(directory, UID, UID);
}
// As it is elsewhere: Podman keeps its locks there.
chmodSync('/dev/shm', 0o1777);
const append = (file: string, line: string) => writeFileSync(file, `${line}\n`, { flag: 'a' });
append('/etc/passwd', `ordinary:x:${UID}:${UID}::${home}:/bin/sh`);
append('/etc/group', `ordinary:x:${UID}:`);
for (const file of ['/etc/subuid', '/etc/subgid']) append(file, `ordinary:${FIRST}:65536`);

const asUser = ['chroot', `--userspec=${UID}:${UID}`, '--groups=', '--skip-chdir', '/'];
const client = ['podman', '--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--runtime', RUNTIME];
const env = { HOME: home, USER: 'ordinary', XDG_RUNTIME_DIR: runtimeDirectory, TMPDIR: home, ...QUIET };
const podman = new Engine('podman', [...asUser, ...client], env, ['--network', 'none']).import(makeImage());
const MAP = 'tr -s " " </proc/self/uid_map';

t.test('root is the user outside', async (t) => {
  t.equal(podman.inside([], `id -u; ${MAP}`), `0\n 0 ${UID} 1\n 1 ${FIRST} 65536`);
  t.equal(podman.run([], ['sh', '-c', 'exit 7'], { status: 7 }).status, 7);
  t.match(podman.run([], ['no-such'], { status: 127 }).stderr, /not found/);
});

t.test('the life of a container', async (t) => {
  const name = podman.up(t, ['--oom-score-adj', '300']);
  t.equal(podman.inspect(name, 'State.Status'), 'running');
  const pid = podman.inspect(name, 'State.Pid');
  t.match(readFileSync(`/proc/${pid}/status`, 'utf8'), `Uid:\t${UID}\t`);
  t.equal(podman.exec(name, 'id -u; cat /proc/self/oom_score_adj /proc/1/oom_score_adj'), '0\n300\n300');
  t.equal(podman.exec(name, 'id -u', ['--user', 'user']), '1000');
  t.match(podman.says('top', name), /sleep 1000/);
  podman.says('stop', name);
  t.equal(podman.inspect(name, 'State.ExitCode'), '3');
  podman.says('start', name);
  podman.says('kill', name);
  t.equal(podman.says('wait', name), '137');
});

t.test('a terminal', async (t) => {
  const name = podman.up(t);
  const { stdout } = podman.call(['exec', '-t', name, 'tty']);
  t.equal(stdout.trim(), '/dev/pts/0');
});

t.test('volumes, and who owns what is in them', async (t) => {
  t.teardown(() => void podman.call(['volume', 'rm', '-f', 'vol'], { status: null }));
  const script = 'touch /v/f; chown user /v/f; stat -c %u /v/f /home/user';
  t.equal(podman.inside(['-v', 'vol:/v'], script), '1000\n1000');
  t.equal(podman.inside(['--device', '/dev/zero:/dev/nil'], 'head -c 3 /dev/nil | wc -c'), '3');
  t.not(podman.run(['--read-only'], ['touch', '/f'], { status: null }).status, 0);
});

t.test('another user namespace in that one', async (t) => {
  const seen = podman.inside(
    ['--userns', 'keep-id', '--oom-score-adj', '400'],
    'id -u; cat /proc/self/oom_score_adj',
  );
  t.equal(seen, `${UID}\n400`);
  t.equal(podman.inside(['--uidmap', '0:1:1000', '--user', '5'], `id -u; ${MAP}`), '5\n 0 1 1000');
});

t.test('namespaces of another container', async (t) => {
  const name = podman.up(t);
  const shared = ['network', 'ipc', 'pid'].flatMap((kind) => [`--${kind}`, `container:${name}`]);
  const alone = new Engine('podman', podman.argv, podman.env);
  t.match(alone.inside(shared, 'ps'), /sleep 1000/);
});

t.test('a pod', async (t) => {
  const pod = newId();
  t.teardown(() => void podman.call(['pod', 'rm', '-f', '-t', '0', pod], { status: null }));
  const infra = ['--infra-image', 'bb', '--infra-command', 'sleep 1000'];
  podman.says('pod', 'create', '--name', pod, ...infra, '--network', 'none');
  const name = `${pod}-member`;
  podman.says('run', '-d', '--pod', pod, '--name', name, 'bb', 'sleep', '1000');
  t.equal(podman.exec(name, 'id -u'), '0');
  podman.says('pod', 'stop', '-t', '0', pod);
  podman.says('pod', 'rm', pod);
});

t.test('nothing is left', async (t) => {
  // Ends the process that keeps the user namespace.
  podman.says('system', 'migrate');
  t.same(remains(), []);
});
