import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { setUpPodman } from '../helpers/engine.ts';
import { testCases } from '../helpers/engine-cases.ts';
import { testStories } from '../helpers/engine-stories.ts';
import { CGROUP, call, enterLab, PODMAN_LEAVES, remains, shell } from '../helpers/lab.ts';
import { only } from '../helpers/requires.ts';
import { newId, temp, until } from '../helpers/sandbox.ts';

await enterLab('podman', 'conmon', 'catatonit', 'iptables', 'script', 'curl');

const podman = setUpPodman();

// runc tells its own version.
t.test('info', only('trunc'), async (t) => {
  const info = podman.says('info', '--format', '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Version}}');
  t.match(info, /^tested runc version 1\.5\.0\+trunc\.0\.1\.0\ntrunc version 0\.1\.0$/m);
});

testCases(t, podman);
testStories(t, podman);

t.test('init, then start', async (t) => {
  const name = newId();
  t.teardown(() => podman.remove(name));
  podman.says('create', '--name', name, ...podman.flags, 'bb', 'sh', '-c', 'echo hello; exit 4');
  podman.says('init', name);
  t.equal(podman.inspect(name, 'State.Status'), 'initialized');
  t.equal(podman.call(['start', '-a', name], { status: 4 }).stdout, 'hello\n');
});

t.test('--umask, --preserve-fds, --rootfs', async (t) => {
  t.equal(podman.inside(['--umask', '0027'], 'umask'), '0027');
  const line = ['podman', 'run', '--rm', ...podman.flags, '--preserve-fds', '1', 'bb', 'cat', '/dev/fd/3'];
  t.equal(shell(`echo hello | { ${line.join(' ')} 3<&0 </dev/null; }`, { env: podman.env }), 'hello');
  const rootfs = ['run', '--rm', ...podman.flags, '--rootfs', join(temp, 'image'), 'echo', 'hi'];
  t.equal(podman.says(...rootfs), 'hi');
});

// Podman asks for it by --cgroup-manager, which runc does not have.
t.test('--cgroups=disabled', only(['trunc', 'crun']), async (t) => {
  const seen = podman.says(
    'run',
    '--rm',
    '--cgroups=disabled',
    '--cgroupns=host',
    'bb',
    'cat',
    '/proc/1/cgroup',
  );
  t.match(seen, /^0::/m);
  t.notMatch(seen, /libpod-|trunc-/, 'it has none of its own');
});

t.test('--uidmap', async (t) => {
  const maps = ['--uidmap', '0:300000:70000', '--gidmap', '0:300000:70000'];
  const script = 'id -u; touch /f; stat -c %u /f /home/user; tr -s " " </proc/self/uid_map';
  t.equal(podman.inside(maps, script), '0\n0\n1000\n 0 300000 70000');
});

t.test('--userns=auto, and a volume whose owners are mapped', async (t) => {
  writeFileSync('/etc/passwd', 'containers:x:997:997::/:/bin/false\n', { flag: 'a' });
  for (const file of ['/etc/subuid', '/etc/subgid'])
    writeFileSync(file, 'containers:400000:200000\n', { flag: 'a' });
  const directory = join(temp, newId());
  mkdirSync(directory);
  writeFileSync(join(directory, 'given'), '');
  const flags = ['--userns=auto:size=5000', '-v', `${directory}:/v:idmap`];
  const script = 'touch /v/made; stat -c %u /v/given /home/user; tr -s " " </proc/self/uid_map';
  t.equal(podman.inside(flags, script), '0\n1000\n 0 400000 5000');
  t.equal(shell(`stat -c %u ${directory}/made`), '0', 'on the host, too');
});

t.test('--systemd=always, an image as a volume', async (t) => {
  t.match(
    podman.inside(['--systemd=always'], 'grep " /run " /proc/mounts; echo $container'),
    /^tmpfs .*\n(oci|podman)$/,
  );
  t.match(podman.inside(['--mount', 'type=image,src=bb,dst=/image'], 'cat /image/etc/passwd'), /^root:/);
});

t.test('a pod', async (t) => {
  const pod = newId();
  t.teardown(() => void podman.call(['pod', 'rm', '-f', '-t', '0', pod], { status: null }));
  podman.says('pod', 'create', '--name', pod, '--cgroup-parent', CGROUP, '--share', 'net,ipc,uts');
  const join = ['run', '--pod', pod];
  podman.says(...join, '-d', 'bb', 'httpd', '-f', '-p', '80', '-h', '/etc');
  const page = () =>
    podman.call([...join, '--rm', 'bb', 'wget', '-qO-', 'http://127.0.0.1/group'], { status: null });
  t.match(
    until('the server', () => page().stdout),
    /^root:x:0:/,
    'they share a network',
  );
  podman.says('pod', 'pause', pod);
  t.equal(podman.says('pod', 'inspect', '-f', '{{.State}}', pod), 'Paused');
  podman.says('pod', 'unpause', pod);
  podman.says('pod', 'stop', '-t', '1', pod);
  podman.says('pod', 'rm', pod);
});

t.test('kube play', async (t) => {
  const file = join(temp, 'pod.yaml');
  writeFileSync(
    file,
    `apiVersion: v1
kind: Pod
metadata:
  name: kube
spec:
  containers:
    - name: web
      image: localhost/bb:latest
      imagePullPolicy: Never
      command: [/bin/httpd, -f, -p, "80", -h, /etc]
      resources: { limits: { memory: 64Mi } }
      securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: [ALL], add: [NET_BIND_SERVICE] } }
      ports: [{ containerPort: 80, hostPort: 8090, hostIP: 127.0.0.1 }]
    - name: side
      image: localhost/bb:latest
      imagePullPolicy: Never
      command: [/bin/sh, -c, sleep 1000]
      env: [{ name: PATH, value: /bin }, { name: A, value: "1" }]
`,
  );
  const cgroups =
    podman.call(['kube', 'play', '--help'], { status: null }).status === 0
      ? ['kube', 'play']
      : ['play', 'kube'];
  t.teardown(() => void podman.call(['pod', 'rm', '-f', '-t', '0', 'kube'], { status: null }));
  podman.says(...cgroups, file);
  const page = () => call('curl', ['-fs', 'http://127.0.0.1:8090/group'], { status: null }).stdout;
  t.match(until('the server', page), /^root:x:0:/);
  t.equal(podman.exec('kube-side', 'echo $A; wget -qO- http://127.0.0.1/group | wc -l'), '1\n3');
  const status = podman.says('exec', 'kube-web', '/bin/cat', '/proc/self/status');
  t.match(status, /^CapEff:\t0000000000000400$/m);
});

t.test('nothing is left', async (t) => {
  t.same(remains(PODMAN_LEAVES), []);
});
