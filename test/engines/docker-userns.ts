import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startDocker } from '../helpers/engine.ts';
import { enterLab, remains } from '../helpers/lab.ts';
import { temp } from '../helpers/sandbox.ts';

await enterLab('docker', 'dockerd', 'containerd', 'iptables');

for (const file of ['subuid', 'subgid'])
  writeFileSync(join('/etc', file), 'nobody:200000:65536\nnogroup:200000:65536\n');
chmodSync(temp, 0o711);
const { docker, daemon } = startDocker('--userns-remap', 'nobody:nogroup');
const MAP = 'tr -s " " </proc/self/uid_map';

t.test('root is nobody outside', async (t) => {
  const name = docker.up(t);
  t.equal(statSync(`/proc/${docker.inspect(name, 'State.Pid')}`).uid, 200_000);
  t.equal(docker.exec(name, `id -u; ${MAP}`), '0\n 0 200000 65536');
  t.equal(docker.exec(name, `id -u; ${MAP}`, ['-u', 'user']), '1000\n 0 200000 65536');
});

t.test('files, devices and mounts', async (t) => {
  t.teardown(() => void docker.says('volume', 'rm', 'vol'));
  t.equal(
    docker.inside(['-v', 'vol:/v'], 'touch /v/f; chown user /v/f; stat -c %u /v/f /home/user'),
    '1000\n1000',
  );
  t.equal(docker.inside([], 'echo x >/dev/null && head -c 1 /dev/urandom | wc -c'), '1');
  t.not(docker.run([], ['sh', '-c', 'echo 1 >/proc/sys/kernel/panic'], { status: null }).status, 0);
});

t.test('network', async (t) => {
  t.match(docker.inside([], 'ping -c 1 -W 2 10.91.0.1'), /1 packets received/);
});

t.test('--userns host', async (t) => {
  t.equal(docker.inside(['--userns', 'host'], MAP), ' 0 0 4294967295');
});

t.test('nothing is left', async (t) => {
  daemon.stop();
  t.same(remains(), []);
});
