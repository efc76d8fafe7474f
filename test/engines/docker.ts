import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startDocker } from '../helpers/engine.ts';
import { testCases } from '../helpers/engine-cases.ts';
import { testStories } from '../helpers/engine-stories.ts';
import { BUILDKIT_LEAVES, enterLab, RUNTIME, remains, shell } from '../helpers/lab.ts';
import { only } from '../helpers/requires.ts';
import { newId, temp, until } from '../helpers/sandbox.ts';

await enterLab('docker', 'dockerd', 'containerd', 'iptables', 'docker-init', 'script', 'curl');

// BuildKit takes whatever is called runc.
mkdirSync(join(temp, 'bin'));
symlinkSync(RUNTIME, join(temp, 'bin/runc'));
process.env.PATH = `${temp}/bin:${process.env.PATH}`;

const { docker, daemon } = startDocker();

// runc tells its own version.
t.test('version and info', only('trunc'), async (t) => {
  const info = docker.says('info', '--format', '{{.DefaultRuntime}} {{.RuncCommit.ID}}');
  t.match(info, /^tested [0-9a-f]{40}(-dirty)?$/);
  t.match(docker.says('version'), /^ tested:\n {2}Version: +0\.1\.0$/m);
});

testCases(t, docker);
testStories(t, docker);

t.test('run: -w makes a directory', async (t) => {
  t.equal(docker.inside(['-w', '/new/dir'], 'pwd'), '/new/dir');
});

const noFuse = !existsSync('/dev/fuse') && 'this machine has no /dev/fuse';
t.test('a device with fewer rights', { skip: noFuse }, async (t) => {
  const flags = ['--device', '/dev/fuse:/dev/f:r'];
  t.equal(docker.inside(flags, 'true </dev/f && echo read'), 'read');
  t.not(docker.run(flags, ['sh', '-c', 'true <>/dev/f'], { status: null }).status, 0);
  const rule = ['--device-cgroup-rule', 'c 10:229 rw'];
  t.equal(docker.inside(rule, 'mknod /dev/f c 10 229 && true <>/dev/f && echo opened'), 'opened');
});

t.test('oom is seen', async (t) => {
  const name = docker.up(t, ['-m', '32m', '--memory-swap', '32m'], 'exec tail /dev/zero');
  t.equal(docker.says('wait', name), '137');
  t.equal(docker.inspect(name, 'State.OOMKilled'), 'true');
});

t.test('a program that changes the host with --pid host is killed as a whole', async (t) => {
  const name = docker.up(t, ['--pid', 'host'], 'sleep 4321 & sleep 1000');
  until('both', () => shell('pgrep -fc "^sleep 4321" || true') === '1');
  docker.says('kill', name);
  until('the end of both', () => shell('pgrep -fc "^sleep 4321" || true') === '0');
});

/** As a compose file has it: a network, a volume, a server that is healthy before its client starts. */
t.test('services that need each other', async (t) => {
  const [network, volume] = [newId(), newId()];
  docker.says('network', 'create', network);
  t.teardown(() => {
    docker.says('network', 'rm', network);
    docker.says('volume', 'rm', volume);
  });
  const check = ['--health-cmd', 'wget -qO- http://127.0.0.1/ready', '--health-interval', '0.3s'];
  const web = docker.up(
    t,
    ['--net', network, '--network-alias', 'web', '-v', `${volume}:/srv`, '--init', ...check],
    'sleep 0.5; echo yes >/srv/ready; exec httpd -f -p 80 -h /srv',
  );
  until('a healthy server', () => docker.inspect(web, 'State.Health.Status') === 'healthy');
  t.equal(docker.inside(['--net', network], 'wget -qO- http://web/ready'), 'yes', 'by its name');
  const client = docker.up(t, ['--net', network]);
  t.match(docker.exec(client, `ping -c 1 -W 2 ${web}`), /1 packets received/);
  docker.says('network', 'disconnect', network, client);
  t.equal(docker.exec(client, 'ls /sys/class/net'), 'lo');
  docker.says('network', 'connect', network, client);
  t.match(docker.exec(client, 'ls /sys/class/net'), /^eth\d\nlo$/);
  t.equal(docker.says('ps', '-q', '--filter', `network=${network}`).split('\n').length, 2);
});

const version = docker.says('version', '--format', '{{.Server.Version}}');
const onlyDocker28 = { skip: Number.parseInt(version, 10) < 28 && 'Docker 28 is required' };

t.test('what Docker reads of features', onlyDocker28, async (t) => {
  const { status } = JSON.parse(docker.says('info', '--format', '{{json .Runtimes}}')).tested;
  const features = JSON.parse(status['org.opencontainers.runtime-spec.features']);
  t.ok(features.mountOptions.includes('rro'));
  t.ok(features.linux.seccomp.enabled);
});

t.test('a read-only volume is so with all that is mounted in it', onlyDocker28, async (t) => {
  const outer = join(temp, newId());
  mkdirSync(join(outer, 'inner'), { recursive: true });
  shell(`mount -t tmpfs none ${outer}/inner`);
  t.teardown(() => void shell(`umount ${outer}/inner`));
  const write = ['touch', '/v/inner/file'];
  t.match(docker.run(['-v', `${outer}:/v:ro`], write, { status: 1 }).stderr, /Read-only file system/);
  docker.run(['--mount', `type=bind,src=${outer},dst=/v,ro,bind-recursive=writable`], write);
  docker.run(
    ['--mount', `type=bind,src=${outer},dst=/v,bind-recursive=disabled`],
    ['test', '!', '-e', write[1] ?? ''],
  );
});

t.test('an image as a volume, a part of a volume, a CDI device', onlyDocker28, async (t) => {
  const image = ['--mount', 'type=image,src=bb,dst=/image,image-subpath=etc'];
  t.match(docker.inside(image, 'cat /image/passwd'), /^root:/);
  const volume = newId();
  t.teardown(() => void docker.call(['volume', 'rm', '-f', volume], { status: null }));
  docker.inside(['-v', `${volume}:/v`], 'mkdir /v/part; echo kept >/v/part/f');
  const part = ['--mount', `type=volume,src=${volume},dst=/v,volume-subpath=part`];
  t.equal(docker.inside(part, 'cat /v/f'), 'kept');
  const edits = { env: ['THING=one'], deviceNodes: [{ path: '/dev/thing', hostPath: '/dev/zero' }] };
  const devices = [{ name: 'one', containerEdits: edits }];
  mkdirSync('/etc/cdi', { recursive: true });
  writeFileSync(
    '/etc/cdi/lab.json',
    JSON.stringify({ cdiVersion: '0.6.0', kind: 'lab.example/thing', devices }),
  );
  const thing = ['--device', 'lab.example/thing=one'];
  until('the device', () => docker.run(thing, ['true'], { status: null }).status === 0);
  t.equal(docker.inside(thing, 'echo $THING; head -c 3 /dev/thing | wc -c'), 'one\n3');
});

t.test('BuildKit', async (t) => {
  const directory = join(temp, newId());
  mkdirSync(directory);
  writeFileSync(join(directory, 'Dockerfile'), 'FROM bb\nRUN id -un >/note\nCMD cat /note\n');
  docker.call(['build', '-t', 'kit', directory], { env: { DOCKER_BUILDKIT: '1' } });
  t.equal(docker.says('run', '--rm', 'kit'), 'root');
});

t.test('nothing is left', async (t) => {
  daemon.stop();
  t.same(remains(BUILDKIT_LEAVES), []);
});
