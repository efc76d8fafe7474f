// --seccomp-log: what a filter has refused, by name; and that nothing else is different with it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Seccomp } from '../../src/spec/config.ts';
import { type Change, makeBundle } from '../helpers/bundle.ts';
import { type Call, outcomes, putProbe } from '../helpers/probe.ts';
import { only, requires, suite } from '../helpers/requires.ts';
import { attempt, nothingLeft, refused, run, running } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root');
// runc and crun have no such option.
const ours = only('trunc', 'x86-64');

type Rule = NonNullable<Seccomp['syscalls']>[number];
const docker: Seccomp = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/docker-seccomp.json'), 'utf8'),
);
const [EPERM, ENOSYS] = ['EPERM (1)', 'ENOSYS (38)'];
const CHMOD = ['chmod', 'fchmodat', 'fchmodat2'];

const profile =
  (seccomp: Seccomp, noNewPrivileges = true): Change =>
  (config) => {
    config.linux.seccomp = seccomp;
    config.process.noNewPrivileges = noNewPrivileges;
  };
const deny = (action: Rule['action'], names = CHMOD, more: Partial<Rule> = {}): Change =>
  profile({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names, action, ...more }] });
const watched = (change: Change, script: string | string[]) =>
  attempt(change, script, { flags: ['--seccomp-log'] });
/** What was logged of seccomp, without the time. Only the pid of the first process is the same on every engine. */
const told = (stderr: string): string[] =>
  stderr.split('\n').flatMap((line) => {
    const [, message] = /msg="(seccomp: (?:[^"\\]|\\.)*)"/.exec(line) ?? [];
    return message === undefined ? [] : [message.replaceAll('\\"', '"').replace(/pid (?!1 )\d+/, 'pid N')];
  });

t.test('which calls, how often, by whom and why', ours, async (t) => {
  for (const noNewPrivileges of [true, false]) {
    const script = 'chmod 700 /tmp; chmod 700 /tmp; mount -t tmpfs t /tmp; echo done; exit 3';
    const first: Rule = { names: ['chmod', 'fchmodat'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 };
    const others = (docker.syscalls ?? []).map((rule) => ({
      ...rule,
      names: rule.names.filter((name) => !CHMOD.includes(name)),
    }));
    const seccomp: Seccomp = { ...docker, syscalls: [first, ...others] };
    const { status, stdout, stderr } = watched(profile(seccomp, noNewPrivileges), script);
    t.equal(status, 3);
    t.equal(stdout, 'done\n');
    t.match(stderr, /chmod: .*[Pp]ermission denied/, 'the program sees the same errno');
    t.same(told(stderr), [
      'seccomp: chmod (90) was refused with EACCES (13) 2 times, first to "chmod" (pid N in the container): linux.seccomp.syscalls[0]',
      `seccomp: mount (165) was refused with ${EPERM} once, to "mount" (pid N in the container): linux.seccomp.defaultAction`,
    ]);
  }
});

t.test('startContainer hooks are refused the same without being watched', ours, async (t) => {
  const change: Change = (config) => {
    deny('SCMP_ACT_ERRNO', CHMOD, { errnoRet: 13 })(config);
    const args = ['sh', '-c', 'chmod 700 /tmp 2>&1 | grep -qi "permission denied"'];
    config.hooks = { startContainer: [{ path: '/bin/sh', args, env: ['PATH=/bin'] }] };
  };
  const { status, stdout, stderr } = watched(change, 'echo done');
  t.match({ status, stdout }, { status: 0, stdout: 'done\n' }, stderr);
  t.same(told(stderr), ['seccomp: nothing was refused']);
});

t.test('nothing', ours, async (t) => {
  t.same(told(watched(profile(docker), 'true').stderr), ['seccomp: nothing was refused']);
});

t.test('whoever is killed', ours, async (t) => {
  for (const action of ['SCMP_ACT_KILL', 'SCMP_ACT_KILL_PROCESS'] as const) {
    const [child, first] = ['chmod 700 /tmp; echo $?; true', 'exec chmod 700 /tmp'].map((script) => {
      const [with_, without] = [watched(deny(action), script), attempt(deny(action), script)];
      t.equal(with_.status, without.status, `${action}: ${script}: exit ${without.status}`);
      t.equal(with_.stdout, without.stdout);
      return told(with_.stderr)[0];
    });
    t.match(child, /^seccomp: chmod \(90\) was answered by SIGSYS once, to "chmod" \(pid N .*syscalls\[0\]$/);
    t.match(first, /^seccomp: chmod \(90\) was answered by SIGSYS once, to "chmod" \(pid 1 /);
  }
  const ignoring = watched(
    deny('SCMP_ACT_KILL'),
    "trap '' SYS; chmod 700 /tmp; test $? -gt 128 && echo ended",
  );
  t.equal(ignoring.stdout, 'ended\n', 'who ignores SIGSYS too');
});

t.test('what is newer than the profile', ours, async (t) => {
  const bundle = makeBundle((config) => {
    config.process.args = ['/probe'];
    profile(docker)(config);
  });
  putProbe(bundle, [{ number: 456 }]);
  let stderr = '';
  outcomes((fd) => {
    ({ stderr } = run(['run', '--seccomp-log', '--preserve-fds', '1', newId()], { bundle, fds: [fd] }));
  });
  t.match(
    told(stderr)[0],
    `(456) was refused with ${ENOSYS} once, to "probe" (pid N in the container): newer`,
  );
});

t.test('a program that makes up system calls', ours, async (t) => {
  const bundle = makeBundle((config) => {
    config.process.args = ['/probe'];
    profile(docker)(config);
  });
  putProbe(
    bundle,
    Array.from({ length: 1010 }, (_, index) => ({ number: 5000 + index })),
  );
  let stderr = '';
  const found = outcomes((fd) => {
    ({ stderr } = run(['run', '--seccomp-log', '--preserve-fds', '1', newId()], { bundle, fds: [fd] }));
  });
  t.ok(
    found?.every(({ result }) => result === -38),
    'all are answered',
  );
  const lines = told(stderr);
  t.equal(lines.length, 1001);
  t.equal(lines.at(-1), 'seccomp: and 10 more');
});

// They wait, or take long.
const SKIPPED = { syscall: [34, 162], int80: [29, 36, 72] };
const upTo = (count: number, skipped: number[]) =>
  Array.from({ length: count }, (_, number) => number).filter((number) => !skipped.includes(number));

t.test('every system call comes to the same with it and without', ours, async (t) => {
  const all = [-1, -1, -1, -1, -1, -1];
  const calls: Call[] = [
    ...upTo(470, SKIPPED.syscall).map((number) => ({ number, args: all })),
    ...upTo(100, SKIPPED.int80).map((number): Call => ({ how: 'int80', number, args: all })),
    ...[0, 8, 9].map((value) => ({ number: 121, args: [value] })),
  ];
  const names = 'execve vfork wait4 write exit_group arch_prctl read mmap'.split(' ');
  const rules: Rule[] = [
    { names, action: 'SCMP_ACT_ALLOW' },
    { names: ['chmod', 'rename'], action: 'SCMP_ACT_KILL' },
    { names: ['chown', 'link'], action: 'SCMP_ACT_KILL_PROCESS' },
    { names: ['mkdir'], action: 'SCMP_ACT_TRAP' },
    { names: ['rmdir', 'umask'], action: 'SCMP_ACT_ERRNO', errnoRet: 0 },
    { names: ['unlink'], action: 'SCMP_ACT_TRACE' },
    {
      names: ['getpgid'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: 300,
      args: [{ index: 0, value: 8, op: 'SCMP_CMP_EQ' }],
    },
  ];
  for (const defaultAction of ['SCMP_ACT_ERRNO', 'SCMP_ACT_KILL_PROCESS'] as const) {
    const bundle = makeBundle((config) => {
      config.process.args = ['/probe'];
      profile({ defaultAction, architectures: ['SCMP_ARCH_X86_64'], syscalls: rules })(config);
    });
    putProbe(bundle, calls);
    const [without, with_] = [[], ['--seccomp-log']].map((flags) =>
      outcomes((fd) => {
        const { status, stderr } = run(['run', ...flags, '--preserve-fds', '1', newId()], {
          bundle,
          fds: [fd],
        });
        if (status !== 0) throw new Error(`exit ${status}: ${stderr}`);
      }),
    );
    t.equal(with_?.length, calls.length);
    t.same(
      calls.filter((_, at) => JSON.stringify(with_?.[at]) !== JSON.stringify(without?.[at])),
      [],
      defaultAction,
    );
  }
});

t.test('a program that cannot be executed', ours, async (t) => {
  const args = [{ index: 0, value: 0, op: 'SCMP_CMP_NE' as const }];
  const change = deny('SCMP_ACT_ERRNO', ['execve'], { args });
  const { status, stderr } = watched(change, 'true');
  t.equal(status, 255);
  t.match(stderr, /operation not permitted/i);
});

t.test('exec', ours, async (t) => {
  const { id } = running(t, deny('SCMP_ACT_ERRNO'));
  const { status, stderr } = run(['exec', '--seccomp-log', id, '/bin/sh', '-c', 'chmod 700 /tmp; exit 4']);
  t.equal(status, 4);
  t.match(told(stderr)[0], /^seccomp: chmod \(90\) was refused with EPERM \(1\) once, to "chmod" \(pid N /);
  t.same(told(run(['exec', id, '/bin/chmod', '700', '/tmp']).stderr), [], 'only if asked for');
});

t.test('as JSON', ours, async (t) => {
  const file = join(temp, 'log');
  const globals = ['--log', file, '--log-format', 'json'];
  const { stderr } = attempt(deny('SCMP_ACT_ERRNO'), 'chmod 700 /tmp', { flags: ['--seccomp-log'], globals });
  t.notMatch(stderr, /seccomp/);
  t.match(JSON.parse(readFileSync(file, 'utf8').trim()), {
    level: 'info',
    syscall: 'chmod',
    answer: EPERM,
    count: '1',
    program: 'chmod',
    reason: 'linux.seccomp.syscalls[0]',
  });
});

t.test('where it makes no sense', ours, async (t) => {
  refused(
    t,
    attempt(profile(docker), 'true', { flags: ['--seccomp-log', '--detach'] }),
    /exclude each other/,
  );
  const { status, stderr } = watched(() => {}, 'true');
  t.equal(status, 0);
  t.match(stderr, /--seccomp-log: config.json has no linux.seccomp that refuses anything/);
  const notifying = deny('SCMP_ACT_NOTIFY');
  const change: Change = (config) => {
    notifying(config);
    Object.assign(config.linux.seccomp as object, { listenerPath: '/dev/log' });
  };
  const { status: failed, stderr: reason } = watched(change, 'true');
  t.equal(failed, 1);
  t.match(reason, /--seccomp-log: linux.seccomp has SCMP_ACT_NOTIFY|listenerPath/);
});

t.test('nothing is left', requires('root'), nothingLeft);
