import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openPipe } from '../../src/linux/pipe.ts';
import { poll } from '../../src/linux/poll.ts';
import { receive } from '../../src/linux/socket.ts';
import { type Change, readConfig, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { cgroupFile } from '../helpers/cgroup.ts';
import { checkpoint, count, counting, goesOn, newImage, restore, SLOWLY } from '../helpers/checkpoint.ts';
import { donor, enter } from '../helpers/namespaces.ts';
import { only, suite } from '../helpers/requires.ts';
import { background, nothingLeft, refused, run, runtime, state, succeed } from '../helpers/runtime.ts';
import { namespaceOf, newId, tag, temp, until } from '../helpers/sandbox.ts';

// What of a container survives a checkpoint.
suite('root', 'criu', 'iptables');

interface Moved {
  id: string;
  bundle: string;
  /** Of its first process, before. */
  pid: number;
}

/** A counting container before and after. */
function moved(t: Test, change: Change, { before = ':', flags = [] as string[] } = {}): Moved {
  const { id, bundle, pid } = counting(t, change, before);
  const image = checkpoint(id, flags);
  const last = count(bundle);
  // Until whoever has inherited it has buried it, its pid is not to be had again where pids are those of others.
  until('its pid to be free', () => !existsSync(`/proc/${pid}`));
  restore(t, { image, bundle, id, flags });
  goesOn(t, bundle, last);
  return { id, bundle, pid };
}

const exec = (id: string, script: string): string =>
  succeed(['exec', id, 'sh', '-c', script]).stdout.trimEnd();

t.test('mounts', async (t) => {
  const source = join(temp, newId());
  mkdirSync(join(source, 'below'), { recursive: true });
  writeFileSync(join(source, 'file'), 'word\n');
  const change: Change = (config) => {
    config.mounts.push(
      { destination: '/data', type: 'bind', source, options: ['bind', 'ro'] },
      {
        destination: '/deep/er/file',
        type: 'bind',
        source: join(source, 'file'),
        options: ['rbind', 'nosuid'],
      },
      { destination: '/data/below', type: 'bind', source: '/etc', options: ['rbind', 'ro'] },
      { destination: '/link/in', type: 'bind', source, options: ['bind'] },
      { destination: '/memory', type: 'tmpfs', source: 'tmpfs', options: ['size=1m'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro', 'nosuid'] },
    );
    config.linux.maskedPaths = ['/proc/kcore', '/proc/keys', '/proc/scsi', '/sys/firmware'];
    config.linux.readonlyPaths = ['/proc/sys', '/proc/bus'];
  };
  const look =
    'cat /data/file /deep/er/file /link/in/file /memory/x; ls /data/below/hostname; ls /sys/firmware; cat /proc/keys | wc -c; ' +
    'find /sys/fs/cgroup -name cgroup.procs | xargs grep -hx 1 | sort -u; for at in /data /data/below /proc/sys/kernel /sys/fs/cgroup; do touch $at/x 2>&1; done; ' +
    'cut -d" " -f4-6 /proc/self/mountinfo | sed "s/,relatime//" | sort';
  let image = '';
  const { id, bundle } = counting(t, change, 'echo inside >/memory/x');
  // As an image of the rootfs comes to another machine.
  const rootfs = join(bundle, 'rootfs');
  const before = exec(id, look);
  image = checkpoint(id);
  const last = count(bundle);
  for (const name of ['data', 'deep', 'link', 'memory']) rmSync(join(rootfs, name), { recursive: true });
  restore(t, { image, bundle, id });
  goesOn(t, bundle, last);
  t.match(before, /^word\nword\nword\ninside\n/);
  // With runc the second masked file has lost its flags.
  const kept = (text: string) =>
    text.split('\n').filter((line) => runtime.kind === 'trunc' || !line.startsWith('/null '));
  t.same(kept(exec(id, look)), kept(before));
  t.notOk(existsSync(join(rootfs, 'deep/er/file/x')));
});

t.test('limits and the rest of the cgroup', async (t) => {
  const { bundle } = moved(t, (config) => {
    config.linux.resources = {
      memory: { limit: 1 << 27 },
      pids: { limit: 44 },
      cpu: { quota: 90_000, period: 100_000 },
    };
  });
  const file = (v1: string, v2: string) => cgroupFile(readConfig(bundle).linux.cgroupsPath ?? '', v1, v2);
  t.equal(file('memory/memory.limit_in_bytes', 'memory.max'), String(1 << 27));
  t.equal(file('pids/pids.max', 'pids.max'), '44');
  t.match(file('cpu/cpu.cfs_quota_us', 'cpu.max'), /^90000/);
});

// runc 1.1.5 has it in the cgroup of the checkpoint.
t.test('another cgroup', only('trunc'), async (t) => {
  const { id, bundle } = counting(t);
  const image = checkpoint(id);
  const config = readConfig(bundle);
  const path = `${config.linux.cgroupsPath}-other`;
  config.linux.cgroupsPath = path;
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  const last = count(bundle);
  restore(t, { image, bundle, id });
  goesOn(t, bundle, last);
  t.match(readFileSync(`/proc/${state(id)?.pid}/cgroup`, 'utf8'), `:${path}\n`);
});

const PROCESS =
  'grep -E "^(Cap|NoNewPrivs|Seccomp:|Uid|Gid|Groups)" /proc/1/status; cat /proc/1/oom_score_adj; hostname; cat /proc/1/limits';

t.test('what the process may', async (t) => {
  const change: Change = (config) => {
    config.hostname = 'counting';
    Object.assign(config.process, { noNewPrivileges: true, oomScoreAdj: 222 });
    config.process.rlimits = [{ type: 'RLIMIT_NOFILE', soft: 99, hard: 111 }];
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [{ names: ['acct'], action: 'SCMP_ACT_ERRNO' }],
    };
    config.linux.sysctl = { 'net.ipv4.ip_unprivileged_port_start': '77', 'kernel.msgmax': '9000' };
  };
  const { id, bundle } = counting(t, change);
  const sysctls =
    'cat /proc/sys/kernel/msgmax; cat /sys/class/net/lo/flags; cat /proc/sys/net/ipv4/ip_unprivileged_port_start';
  const before = exec(id, `${PROCESS}; ${sysctls}`);
  const image = checkpoint(id);
  const last = count(bundle);
  restore(t, { image, bundle, id });
  goesOn(t, bundle, last);
  t.match(before, /\ncounting\n.*\n9000\n0x9\n77$/s);
  // runc leaves the network as criu makes it, and the process without what criu 3.17 forgets.
  const after = exec(id, `${PROCESS}; ${sysctls}`);
  const isKept = (line: string) => runtime.kind === 'trunc' || !/^(NoNewPrivs|0x|77$|1024$)/.test(line);
  t.same(after.split('\n').filter(isKept), before.split('\n').filter(isKept));
});

// runc leaves the loopback device down: a connection of its own cannot be made again.
t.test('connections', only('trunc'), async (t) => {
  const talk =
    'mkfifo /tmp/open; exec 7<>/tmp/open; while :; do echo tick; sleep 0.1; done | nc -l -p 7777 & ' +
    'until nc 127.0.0.1 7777 <&7 >>/tmp/heard; do sleep 0.1; done &';
  const { id, bundle } = counting(t, undefined, `{ ${talk} }`);
  const heard = () => statSync(join(bundle, 'rootfs/tmp/heard')).size;
  until('a word', () => heard() > 0);
  const without = newImage();
  const result = run(['checkpoint', '--image-path', without, id], SLOWLY);
  t.equal(result.status, 1, 'only when asked for');
  if (runtime.kind === 'trunc') {
    refused(t, result, /^trunc: criu cannot checkpoint the container: .*[Cc]onnected TCP socket/);
    t.ok(result.stderr.endsWith(`(all of it is in ${join(without, 'dump.log')})\n`), 'criu says more');
  }
  t.match(state(id), { status: 'running' });
  goesOn(t, bundle, count(bundle));
  const image = checkpoint(id, ['--tcp-established']);
  const before = heard();
  const failed = run(['restore', '-d', '--image-path', image, id], { ...SLOWLY, bundle });
  t.equal(failed.status, 1, 'and for the restore too');
  restore(t, { image, bundle, id, flags: ['--tcp-established'] });
  until('another word', () => heard() > before + 20);
});

t.test('locks of files', async (t) => {
  const withTools: Change = (config) => {
    for (const [destination, source] of [
      ['/usr', '/usr'],
      ['/lib', '/usr/lib'],
      ['/lib64', '/usr/lib64'],
    ])
      config.mounts.push({ destination, type: 'bind', source, options: ['bind', 'ro'] } as never);
  };
  const before = 'exec 9>/tmp/lock; /usr/bin/flock -x 9 || exit 1';
  const { id } = moved(t, withTools, { before, flags: ['--file-locks'] });
  t.equal(run(['exec', id, '/usr/bin/flock', '-n', '/tmp/lock', 'true']).status, 1, 'it is still held');
});

t.test('a deleted file that is open', async (t) => {
  const before = 'echo kept >/tmp/gone; exec 8</tmp/gone; rm /tmp/gone';
  const { id } = moved(t, () => {}, { before, flags: [] });
  t.equal(exec(id, 'cat /proc/1/fd/8'), 'kept');
});

t.test('the pids of the host', async (t) => {
  const { id, pid } = moved(t, (config) => withoutNamespace(config, 'pid'));
  t.equal(state(id)?.pid, pid, 'are the same ones again');
});

t.test('namespaces that are joined by path', async (t) => {
  const other = donor(t, '--net', '--uts', '--ipc', '--time');
  const path = (type: string) => `/proc/${other}/ns/${type}`;
  const { id } = moved(t, (config) => {
    enter(config, 'network', path('net'));
    enter(config, 'ipc', path('ipc'));
    // runc 1.1.5 has no time namespaces.
    if (runtime.kind === 'trunc') enter(config, 'time', path('time'));
  });
  const pid = state(id)?.pid ?? 0;
  t.equal(namespaceOf(pid, 'net'), namespaceOf(other, 'net'), 'network');
  t.equal(namespaceOf(pid, 'ipc'), namespaceOf(other, 'ipc'), 'ipc');
  if (runtime.kind === 'trunc') t.equal(namespaceOf(pid, 'time'), namespaceOf(other, 'time'), 'time');
});

// runc leaves the image to criu, which cannot look into its directory from in there.
t.test('a user namespace', only('trunc'), async (t) => {
  const { id, bundle } = counting(t, (config) => withUserNamespace(config));
  const look = () =>
    exec(id, 'cat /proc/self/uid_map /proc/self/gid_map; id; cut -d" " -f4-6 /proc/self/mountinfo | sort') +
    exec(id, 'grep -E "^(Cap|Uid|Gid|Groups)" /proc/1/status; touch /tmp/own; stat -c %u /tmp/own');
  const before = look();
  const image = checkpoint(id, [], { wrapper: ['sh', '-c', 'umask 077; exec "$@"', 'sh'] });
  const last = count(bundle);
  const { uid, mode } = statSync(image);
  t.same([uid, mode & 0o777], [0, 0o700]);
  restore(t, { image, bundle, id });
  goesOn(t, bundle, last);
  t.equal(look(), before);
  t.equal(statSync(image).uid, 0, "the image is root's again");
  t.equal(statSync(`/proc/${state(id)?.pid}`).uid, 100_000);
});

/** The first process of a pid namespace, which buries what it inherits; its pid. */
function reaper(t: Test): number {
  const script = 'while :; do sleep 0.2; done';
  const child = spawn('unshare', ['--pid', '--kill-child', 'sh', '-c', script], {
    stdio: 'ignore',
    env: { PATH: process.env.PATH, TRUNC_TEST: tag },
  });
  t.teardown(() => void child.kill('SIGKILL'));
  const children = `/proc/${child.pid}/task/${child.pid}/children`;
  return Number(until('the reaper', () => existsSync(children) && readFileSync(children, 'utf8').trim()));
}

t.test('a pid namespace that is joined by path', async (t) => {
  const other = reaper(t);
  const { id } = moved(t, (config) => enter(config, 'pid', `/proc/${other}/ns/pid`));
  t.equal(namespaceOf(state(id)?.pid ?? 0, 'pid'), namespaceOf(other, 'pid'));
});

t.test('the network of the host', async (t) => {
  const { id } = moved(t, (config) => withoutNamespace(config, 'network'));
  t.equal(namespaceOf(state(id)?.pid ?? 0, 'net'), namespaceOf('self', 'net'));
});

t.test('no cgroup namespace', async (t) => {
  const { id } = moved(t, (config) => {
    withoutNamespace(config, 'cgroup');
    config.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro'] });
  });
  t.match(exec(id, 'cat /proc/1/cgroup'), /:\/trunc-/);
  t.notMatch(exec(id, 'find /sys/fs/cgroup -name cgroup.procs | head -1'), /^$/);
});

t.test('a configuration file of criu', async (t) => {
  const file = join(temp, newId());
  writeFileSync(file, 'log-file annotated.log\n');
  const { id, bundle } = counting(t, (config) => {
    config.annotations = { 'org.criu.config': file };
  });
  const image = checkpoint(id);
  t.ok(existsSync(join(image, 'annotated.log')));
  const last = count(bundle);
  restore(t, { image, bundle, id });
  goesOn(t, bundle, last);
});

// runc 1.1.5 ends before the byte comes.
t.test('memory that is fetched when it is needed', only('trunc', 'criu-3'), async (t) => {
  const { id, bundle } = counting(t);
  const image = newImage();
  const port = '12777';
  const ready = openPipe();
  const server = [
    '--page-server',
    `127.0.0.1:${port}`,
    '--status-fd',
    '3',
    '--manage-cgroups-mode',
    'ignore',
  ];
  const dump = background(['checkpoint', '--lazy-pages', '--image-path', image, ...server, id], {
    ...SLOWLY,
    fds: [ready.write.number],
  });
  ready.write.close();
  until('the pages', () => poll([ready.read.number], 1000)[0]);
  t.equal(receive(ready.read, new Uint8Array(9)), 1, 'a byte says that they are there');
  const args = [
    'lazy-pages',
    '--page-server',
    '--address',
    '127.0.0.1',
    '--port',
    port,
    '-D',
    image,
    '-W',
    image,
  ];
  const daemon = spawn('criu', args, { stdio: 'ignore', env: { PATH: process.env.PATH, TRUNC_TEST: tag } });
  const ended = once(daemon, 'exit');
  until('its socket', () => existsSync(join(image, 'lazy-pages.socket')));
  const config = readConfig(bundle);
  config.linux.cgroupsPath += '-copy';
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
  const last = count(bundle);
  restore(t, { image, bundle, flags: ['--lazy-pages', '--manage-cgroups-mode', 'ignore'] });
  goesOn(t, bundle, last);
  t.equal((await dump.done).status, 0);
  await ended;
});

t.test('nothing left', nothingLeft);
