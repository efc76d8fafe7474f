// Profiles that allow next to nothing: what the runtime does by itself does not count.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, makeBundle, withUserNamespace } from '../helpers/bundle.ts';
import { putProbe } from '../helpers/probe.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, nothingLeft, refused, run } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root');

// runc needs more for its own last steps, and without noNewPrivileges a lot more.
const ours = only('trunc', 'x86-64');

// What a static busybox needs for `true`.
const TRUE = [
  'arch_prctl brk execve exit_group getrandom getuid mprotect prctl prlimit64 readlink readlinkat rseq set_robust_list',
  'getgid newfstatat setgid setuid set_tid_address',
].flatMap((names) => names.split(' '));

const strict =
  (
    names: string[],
    action: 'SCMP_ACT_KILL_PROCESS' | 'SCMP_ACT_KILL' | 'SCMP_ACT_ERRNO' | 'SCMP_ACT_TRAP',
  ): Change =>
  (config) => {
    config.linux.seccomp = { defaultAction: action, syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }] };
  };

const USERS: Record<string, Change> = {
  root: () => {},
  'root without CAP_SYS_ADMIN': (config) => {
    config.process.capabilities = {
      bounding: ['CAP_KILL'],
      permitted: ['CAP_KILL'],
      effective: ['CAP_KILL'],
    };
  },
  'root with CAP_SYS_ADMIN': (config) => {
    const sets = ['CAP_SYS_ADMIN'];
    config.process.capabilities = { bounding: sets, permitted: sets, effective: sets };
  },
  'user 1000': (config) => {
    config.process.user = { uid: 1000, gid: 1000 };
  },
  'in a user namespace': (config) => withUserNamespace(config),
  'user 1000 in a user namespace': (config) => {
    withUserNamespace(config);
    config.process.user = { uid: 1000, gid: 1000 };
  },
};

t.test('a profile for /bin/true alone', ours, async (t) => {
  for (const [name, user] of Object.entries(USERS)) {
    for (const noNewPrivileges of [true, false]) {
      const change: Change = (config) => {
        strict(TRUE, 'SCMP_ACT_KILL_PROCESS')(config);
        user(config);
        config.process.noNewPrivileges = noNewPrivileges;
      };
      const { status, stderr } = attempt(change, ['/bin/true']);
      t.same({ status, stderr }, { status: 0, stderr: '' }, `${name}, noNewPrivileges ${noNewPrivileges}`);
    }
  }
});

t.test('the capabilities are those of config.json', ours, async (t) => {
  for (const [name, user] of Object.entries(USERS)) {
    const sets = (seccomp: boolean) => {
      const change: Change = (config) => {
        config.process.capabilities = {
          ...config.process.capabilities,
          inheritable: ['CAP_KILL'],
          ambient: ['CAP_KILL'],
        };
        user(config);
        if (!seccomp) return;
        config.linux.seccomp = {
          defaultAction: 'SCMP_ACT_ALLOW',
          syscalls: [{ names: ['swapon', 'capset'], action: 'SCMP_ACT_ERRNO' }],
        };
      };
      return attempt(change, ['/bin/grep', '^Cap', '/proc/self/status']).stdout;
    };
    t.match(sets(true), /CapEff/);
    t.equal(sets(true), sets(false), name);
  }
});

/** The system calls of init's thread from seccomp(2) to execve, as strace shows them. */
function lastSteps(noNewPrivileges: boolean): string[] {
  const file = join(temp, newId());
  const change: Change = (config) => {
    strict(TRUE, 'SCMP_ACT_KILL_PROCESS')(config);
    config.process.noNewPrivileges = noNewPrivileges;
  };
  attempt(change, ['/bin/true'], { wrapper: ['strace', '-f', '-o', file], timeout: 60_000 });
  const lines = readFileSync(file, 'utf8').split('\n');
  const start = lines.findIndex((line) =>
    /seccomp\(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, \{/.test(line),
  );
  const [pid = ''] = (lines[start] ?? '').split(' ');
  const steps = lines.slice(start).filter((line) => line.startsWith(`${pid} `) && !line.includes('resumed>'));
  const names = steps.map((line) => /^\d+ +(\w+)\(/.exec(line)?.[1] ?? line);
  return names.slice(0, names.indexOf('execve') + 1);
}

// runc makes more system calls there.
t.test('nothing happens between the filter and execve', only('trunc', 'strace', 'x86-64'), async (t) => {
  t.same(lastSteps(true), ['seccomp', 'execve']);
  t.same(lastSteps(false), ['seccomp', 'capset', 'execve']);
});

t.test('a program that is killed', ours, async (t) => {
  const { status, stderr } = attempt(strict(['execve'], 'SCMP_ACT_KILL_PROCESS'), ['/bin/true']);
  t.equal(status, 128 + 31);
  t.match(stderr, /level=warning msg="the container was ended by SIGSYS: [^\n]*linux\.seccomp/);
});

t.test('a profile that lets nothing start is refused', ours, async (t) => {
  for (const action of ['SCMP_ACT_KILL', 'SCMP_ACT_ERRNO', 'SCMP_ACT_TRAP'] as const)
    refused(
      t,
      attempt(strict(['read'], action), ['/bin/true']),
      /linux\.seccomp: lets no program start/,
      action,
    );
});

t.test('execve that fails under a filter that forbids to say so ends init', ours, async (t) => {
  for (const action of [
    'SCMP_ACT_KILL',
    'SCMP_ACT_KILL_PROCESS',
    'SCMP_ACT_ERRNO',
    'SCMP_ACT_TRAP',
  ] as const) {
    const bundle = makeBundle((config) => {
      strict(['execve'], action)(config);
      config.process.args = ['/probe'];
    });
    putProbe(bundle, []);
    // Not a program: ENOEXEC, which nobody can know before.
    const broken = join(bundle, 'rootfs/probe');
    writeFileSync(broken, '\x7fELF, but no more');
    const { status, signal } = run(['run', newId()], { bundle });
    t.equal(signal, null, `${action}: no hang`);
    t.ok((status ?? 0) >= 128, `${action}: killed, ${status}`);
  }
});

t.test('execve that fails under an ordinary filter is reported', ours, async (t) => {
  const bundle = makeBundle((config) => {
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['swapon'], action: 'SCMP_ACT_ERRNO' }],
    };
    config.process.args = ['/bin/broken'];
  });
  writeFileSync(join(bundle, 'rootfs/bin/broken'), '\x7fELF, but no more', { mode: 0o755 });
  const { status, stderr } = run(['run', newId()], { bundle });
  t.equal(status, 255);
  t.match(stderr, /exec \/bin\/broken: exec format error: it is no ELF program/);
});

t.test('nothing is left', nothingLeft);
