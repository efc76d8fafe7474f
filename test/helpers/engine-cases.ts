/** What a container looks like from inside for a user's options: the same with Docker and Podman. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Engine } from './engine.ts';
import { requires } from './requires.ts';
import { runtime } from './runtime.ts';
import { temp } from './sandbox.ts';

interface Case {
  name: string;
  /** Options of `run`. */
  flags?: string[];
  /** For the shell, or a program with its arguments. */
  run: string | string[];
  /** What it prints on stdout, without the last newline. */
  prints?: string | RegExp;
  stderr?: RegExp;
  status?: number;
  /** Where this machine lacks a capability, runc fails, which trunc does not. */
  skip?: string | false;
}

const { skip } = runtime.kind === 'trunc' ? { skip: false as const } : requires('CAP_SYS_RESOURCE');

const shared = join(temp, 'shared');
const profile = join(temp, 'profile.json');
const environment = join(temp, 'environment');

/** Files that the cases refer to. */
function prepare(): void {
  mkdirSync(shared, { mode: 0o755 });
  writeFileSync(join(shared, 'file'), 'from the host\n');
  writeFileSync(environment, 'B=2\nC=3\n');
  const rule = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' };
  const architectures = ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'];
  writeFileSync(
    profile,
    JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', architectures, syscalls: [rule] }),
  );
}

/** The contents of the first file that is there; cgroup versions name them differently. */
function cgroup(...files: string[]): string {
  return files.map((file) => `cat /sys/fs/cgroup/${file} 2>/dev/null`).join(' || ');
}
function status(field: string): string {
  return `grep ^${field}: /proc/self/status | cut -f2`;
}
const LAST = "tail -n 1 | awk '{ print $2 }'";
const NONE = '0'.repeat(16);

const RESULTS: Case[] = [
  { name: 'a program', run: ['echo', 'a', 'b'], prints: 'a b' },
  { name: 'two streams', run: 'echo out; echo err >&2', prints: 'out', stderr: /^err$/m },
  { name: 'exit status', run: 'exit 42', status: 42 },
  { name: 'no such program', run: ['no-such'], status: 127, stderr: /no-such.*not found/ },
  { name: 'no such file', run: ['/no/such'], status: 127, stderr: /no such file or directory/i },
  { name: 'no program', run: ['/etc/passwd'], status: 126, stderr: /permission denied/i },
  { name: 'a directory', run: ['/etc'], status: 126, stderr: /permission denied/i },
  { name: '--entrypoint', flags: ['--entrypoint', '/bin/echo'], run: ['x', 'y'], prints: 'x y' },
];

const PROCESS: Case[] = [
  { name: '-u NAME', flags: ['-u', 'user'], run: 'id -u; id -g; id -G', prints: '1000\n1000\n1000 2000' },
  { name: '-u UID:GID', flags: ['-u', '1234:5678'], run: 'id -u; id -g', prints: '1234\n5678' },
  { name: '--group-add', flags: ['--group-add', '3000'], run: 'id -G', prints: /\b3000\b/ },
  { name: '-w', flags: ['-w', '/home/user'], run: 'pwd', prints: '/home/user' },
  {
    name: '-e and --env-file',
    flags: ['-e', 'A=1', '--env-file', environment],
    run: 'echo $A$B$C',
    prints: '123',
  },
  { name: '-h', flags: ['-h', 'box'], run: 'hostname', prints: 'box' },
  { name: '--init', flags: ['--init'], run: 'cat /proc/1/comm', prints: /^(docker|podman)-init$/ },
  {
    name: '--ulimit',
    flags: ['--ulimit', 'nofile=100:200', '--ulimit', 'nproc=300:300'],
    run: 'ulimit -Sn; ulimit -Hn',
    prints: '100\n200',
  },
  {
    name: '--sysctl',
    flags: ['--sysctl', 'net.ipv4.ip_unprivileged_port_start=77'],
    run: 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start',
    prints: '77',
  },
  {
    name: '--oom-score-adj',
    flags: ['--oom-score-adj', '500'],
    run: 'cat /proc/self/oom_score_adj',
    prints: '500',
  },
];

const FILES: Case[] = [
  {
    name: '-v',
    flags: ['-v', `${shared}:/v`],
    run: 'cat /v/file; echo hi >/v/new; cat /v/new',
    prints: 'from the host\nhi',
  },
  { name: '-v :ro', flags: ['-v', `${shared}:/v:ro`], run: 'touch /v/f', status: 1, stderr: /Read-only/ },
  {
    name: '-v of a file',
    flags: ['-v', `${shared}/file:/etc/one:ro`],
    run: 'cat /etc/one',
    prints: 'from the host',
  },
  {
    name: '--mount',
    flags: ['--mount', `type=bind,src=${shared},dst=/v,readonly`],
    run: 'cat /v/file',
    prints: 'from the host',
  },
  { name: '--read-only', flags: ['--read-only'], run: 'touch /f', status: 1, stderr: /Read-only/ },
  {
    name: '--read-only --tmpfs',
    flags: ['--read-only', '--tmpfs', '/t:size=1m,mode=700'],
    run: `touch /t/f; stat -c %a /t; df -k /t | ${LAST}`,
    prints: '700\n1024',
  },
  { name: '--shm-size', flags: ['--shm-size', '8m'], run: `df -k /dev/shm | ${LAST}`, prints: '8192' },
  {
    name: 'masked and read-only paths',
    run: 'wc -c </proc/timer_list; echo x >/proc/sys/kernel/domainname',
    prints: '0',
    status: 1,
  },
  {
    name: '/dev',
    run: 'cd /dev; ls -d full null ptmx random tty urandom zero fd stdin mqueue shm | wc -l',
    prints: '11',
  },
  {
    name: '--device',
    flags: ['--device', '/dev/zero:/dev/nil'],
    run: 'head -c 3 /dev/nil | wc -c',
    prints: '3',
  },
  {
    name: 'no other device',
    flags: ['--cap-add', 'MKNOD'],
    run: 'mknod /dev/f c 10 229 && true </dev/f',
    status: 1,
    stderr: /not permitted/,
  },
];

const RIGHTS: Case[] = [
  { name: 'capabilities', run: status('CapBnd'), prints: /^00000000(a80425fb|800405fb)$/ }, // Podman 5 gives fewer
  { name: 'no capabilities of a user', flags: ['-u', 'user'], run: status('CapEff'), prints: NONE },
  { name: '--cap-drop', flags: ['--cap-drop', 'ALL'], run: status('CapBnd'), prints: NONE },
  {
    name: '--cap-add',
    flags: ['--cap-add', 'NET_ADMIN'],
    run: 'ip link set lo mtu 1000; cat /sys/class/net/lo/mtu',
    prints: '1000',
  },
  {
    name: '--privileged',
    skip,
    flags: ['--privileged'],
    run: 'mkdir /m && mount -t tmpfs none /m && test -e /dev/kmsg && echo done',
    prints: 'done',
  },
  {
    name: 'no-new-privileges',
    flags: ['--security-opt', 'no-new-privileges'],
    run: status('NoNewPrivs'),
    prints: '1',
  },
  { name: 'seccomp', run: status('Seccomp'), prints: '2' },
  {
    name: 'no seccomp',
    flags: ['--security-opt', 'seccomp=unconfined'],
    run: status('Seccomp'),
    prints: '0',
  },
  {
    name: "a user's seccomp profile",
    flags: ['--security-opt', `seccomp=${profile}`],
    run: 'mkdir /new',
    status: 1,
    stderr: /not permitted/,
  },
];

const LIMITS: Case[] = [
  {
    name: '-m',
    flags: ['-m', '64m'],
    run: cgroup('memory/memory.limit_in_bytes', 'memory.max'),
    prints: '67108864',
  },
  {
    name: 'more memory than that',
    flags: ['-m', '32m', '--memory-swap', '32m'],
    run: ['tail', '/dev/zero'],
    status: 137,
  },
  { name: '-c', flags: ['-c', '512'], run: cgroup('cpu/cpu.shares', 'cpu.weight'), prints: /^(512|20|59)$/ },
  {
    name: '--cpus',
    flags: ['--cpus', '0.5'],
    run: cgroup('cpu/cpu.cfs_quota_us', 'cpu.max'),
    prints: /^50000/,
  },
  { name: '--cpuset-cpus', flags: ['--cpuset-cpus', '0'], run: 'nproc', prints: '1' },
  {
    name: '--pids-limit',
    flags: ['--pids-limit', '20'],
    run: 'for i in $(seq 30); do sleep 1000 & done',
    status: 2,
    stderr: /can't fork/,
  },
];

const NAMESPACES: Case[] = [
  { name: '--net none', flags: ['--net', 'none'], run: 'ls /sys/class/net', prints: 'lo' },
  { name: '--pid host', flags: ['--pid', 'host'], run: 'ps -o comm | grep -c ^node', prints: /^[1-9]/ },
  {
    name: '--cgroupns private',
    flags: ['--cgroupns', 'private'],
    run: 'grep -c ":/$" /proc/self/cgroup; grep -vc ":/$" /proc/self/cgroup; true',
    prints: /^\d+\n0$/,
  },
];

const CASES = [...RESULTS, ...PROCESS, ...FILES, ...RIGHTS, ...LIMITS, ...NAMESPACES];

/** One test for each case. */
export function testCases(t: Test, engine: Engine): void {
  prepare();
  for (const { name, flags = [], run, prints, stderr, status = 0, skip = false } of CASES)
    t.test(`run: ${name}`, { skip }, async (t) => {
      const command = typeof run === 'string' ? ['sh', '-c', run] : run;
      const said = engine.run(flags, command, { status: null });
      t.equal(said.status, status, `exit status; ${said.stderr.trim()}`);
      const text = said.stdout.trimEnd();
      if (typeof prints === 'string') t.equal(text, prints);
      else if (prints) t.match(text, prints);
      if (stderr) t.match(said.stderr, stderr);
    });
}
