// A program that is there and cannot be executed: which file is missing, or what is wrong with it.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import {
  baseConfig,
  type Change,
  makeBundle,
  readConfig,
  withUserNamespace,
  writeConfig,
} from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { create, nothingLeft, refused, run, running, runtime, succeed, waitFor } from '../helpers/runtime.ts';
import { newId, temp } from '../helpers/sandbox.ts';

suite('root');

const ENOENT = 'no such file or directory';
const ENOEXEC = 'exec format error';

/** /bin/busybox for another machine, or with another loader. */
function otherElf(path: string, change: (bytes: Buffer) => void, from = '/bin/busybox'): void {
  const bytes = readFileSync(from);
  change(bytes);
  writeFileSync(path, bytes, { mode: 0o755 });
}

const rootfs = join(makeBundle(), 'rootfs');
const files: Record<string, string> = {
  'missing-interpreter': '#!/usr/bin/python3 -x\n',
  crlf: '#!/bin/sh\r\necho hello\r\n',
  'no-shebang': 'echo hello\n',
  'bare-shebang': '#!\n',
  empty: '',
  chain: '#!/missing-interpreter\n',
  'denied-interpreter': '#!/etc/passwd\n',
  'short-elf': '\x7fELF',
};
for (const [name, text] of Object.entries(files)) writeFileSync(join(rootfs, name), text, { mode: 0o755 });
// Any program with a loader will do; the rootfs has none.
copyFileSync(process.execPath, join(rootfs, 'dynamic'));
otherElf(
  join(rootfs, 'musl'),
  (bytes) => {
    const at = bytes.indexOf('/lib64/ld-linux-x86-64.so.2\0');
    if (at >= 0) bytes.write('/lib/ld-musl-x86_64.so.1\0\0\0\0', at, 'latin1');
  },
  '/bin/true',
);
otherElf(join(rootfs, 'foreign'), (bytes) => bytes.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18));
chmodSync(join(rootfs, 'dynamic'), 0o755);

/** A bundle with the rootfs of this file. */
function bundleOf(args: string[], change: Change = () => {}): string {
  const dir = join(temp, newId());
  mkdirSync(dir);
  const config = { ...baseConfig(), root: { path: rootfs } };
  config.process.args = args;
  change(config);
  writeConfig(dir, config);
  return dir;
}

/** Everything was ready, and then execve said no. */
function failsToExecute(t: Test, bundle: string, reason: RegExp): void {
  const { status, stderr } = run(['run', newId()], { bundle });
  t.equal(status, 255);
  t.match(stderr, reason);
}

/** program → what the kernel says, and what is behind it; the code. */
const CASES: [program: string, kernel: string, reason: RegExp, code: string][] = [
  [
    '/missing-interpreter',
    ENOENT,
    /its interpreter "\/usr\/bin\/python3" is not there \(install it /,
    'EXEC_INTERPRETER',
  ],
  [
    '/crlf',
    ENOENT,
    /its interpreter "\/bin\/sh\\r" is not there \(its lines end in CR LF/,
    'EXEC_INTERPRETER',
  ],
  [
    '/chain',
    ENOENT,
    /its interpreter "\/missing-interpreter" cannot be executed: its interpreter "\/usr\/bin\/python3" is not there/,
    'EXEC_INTERPRETER',
  ],
  [
    '/dynamic',
    ENOENT,
    /its loader "\/lib.*\/ld-linux.*" is not there \(it was built for glibc/,
    'EXEC_INTERPRETER',
  ],
  ['/no-shebang', ENOEXEC, /it is no ELF program, and no script, .* \(let its first line be/, 'EXEC_FORMAT'],
  ['/bare-shebang', ENOEXEC, /its first line names no interpreter/, 'EXEC_FORMAT'],
  ['/empty', ENOEXEC, /the file is empty/, 'EXEC_FORMAT'],
  ['/short-elf', ENOEXEC, /it is no ELF program/, 'EXEC_FORMAT'],
  ['/foreign', ENOEXEC, /it is a program for \w+, and this machine is \w+ \(use an image/, 'EXEC_FORMAT'],
  [
    '/denied-interpreter',
    'permission denied',
    /its interpreter "\/etc\/passwd" cannot be executed: it is not executable, mode 0644 \(chmod \+x\)/,
    'EXEC_DENIED',
  ],
];

for (const [program, kernel, reason, code] of CASES) {
  t.test(program, async (t) => {
    const log = join(temp, newId());
    const globals = ['--log', log, '--log-format', 'json'];
    const result = run(['run', newId()], { bundle: bundleOf([program]), globals });
    // crun lets the program fail as a program.
    if (runtime.kind === 'crun') return t.not(result.status, 0);
    t.match(result.stderr, new RegExp(`exec ${program}: ${kernel}`), 'in the words of runc');
    if (runtime.kind !== 'trunc') return;
    // runc 1.1.5 has 1 here.
    t.equal(result.status, 255);
    t.match(
      result.stderr,
      new RegExp(`^trunc run failed: exec ${program}: ${kernel}: ${reason.source}.*\n$`),
    );
    const entry = JSON.parse(readFileSync(log, 'utf8').trimEnd().split('\n').at(-1) as string);
    t.match(entry, { level: 'error', code, field: 'process.args' });
    return;
  });
}

// runc says no more than "no such file or directory".
t.test('a loader of musl', only('trunc', 'x86-64'), async (t) => {
  const { stderr } = run(['run', newId()], { bundle: bundleOf(['/musl']) });
  t.match(stderr, /its loader "\/lib\/ld-musl-x86_64\.so\.1" is not there \(it was built for musl/);
});

t.test('start has gone by then: it stands in the output of the container', async (t) => {
  const { id, output } = create(t, undefined, [], { bundle: bundleOf(['/crlf']) });
  succeed(['start', id]);
  waitFor(id, 'stopped');
  const text = runtime.kind === 'trunc' ? ': its interpreter "/bin/sh\\\\r" is not there' : '';
  if (runtime.kind !== 'crun') t.match(output.stderr, new RegExp(`exec /crlf: ${ENOENT}${text}`));
});

t.test('exec', only(['trunc', 'runc']), async (t) => {
  const { id } = running(t, undefined, [], { bundle: bundleOf(['/bin/sleep', '1000']) });
  const result = run(['exec', id, '/missing-interpreter']);
  // runc 1.1.5 has 1 here.
  if (runtime.kind === 'trunc') t.equal(result.status, 255);
  t.match(result.stderr, new RegExp(`exec /missing-interpreter: ${ENOENT}`));
  if (runtime.kind === 'trunc') t.match(result.stderr, /^exec failed: .*python3" is not there \(.*\)\n$/);
});

// runc says no more than "no such file or directory", and exits with 1.
t.test('under a seccomp filter that forbids to look', only('trunc'), async (t) => {
  const dir = bundleOf(['/missing-interpreter'], (config) => {
    config.process.noNewPrivileges = true;
    const names = ['execve', 'sendto', 'exit_group'];
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }],
    };
  });
  failsToExecute(t, dir, /exec \/missing-interpreter: .*"\/usr\/bin\/python3" is not there/);
});

// runc says no more than "permission denied".
t.test('permission denied says why', only('trunc'), async (t) => {
  const dir = makeBundle((config) => {
    config.process.user = { uid: 1000, gid: 1000 };
    config.process.env = ['PATH=/opt:/bin'];
    config.process.capabilities = {};
    config.mounts.push({ destination: '/plain', type: 'tmpfs', options: ['noexec', 'tmpcopyup'] });
  });
  for (const name of ['opt', 'plain', 'closed']) mkdirSync(join(dir, 'rootfs', name));
  const put = (path: string, mode: number) => {
    writeFileSync(join(dir, 'rootfs', path), '#!/bin/sh\n');
    chmodSync(join(dir, 'rootfs', path), mode);
  };
  put('opt/text', 0o644);
  put('opt/root', 0o700);
  put('plain/it', 0o755);
  put('closed/it', 0o755);
  chmodSync(join(dir, 'rootfs/closed'), 0o700);
  const cases: [string, RegExp][] = [
    ['text', /exec: "text": permission denied: \/opt\/text: it is not executable, mode 0644 \(chmod \+x\)\n/],
    ['/opt/root', /exec: "\/opt\/root": permission denied: not for user 1000: mode 0700, owner 0:0\n/],
    ['/plain/it', /exec: "\/plain\/it": permission denied: it lies on a mount with the option noexec\n/],
    ['/closed/it', /exec: "\/closed\/it": permission denied: user 1000 may not search its directory\n/],
  ];
  for (const [program, reason] of cases) {
    const config = readConfig(dir);
    config.process.args = [program];
    writeConfig(dir, config);
    refused(t, run(['create', newId()], { bundle: dir }), reason, program);
  }
});

t.test('a user with the capability to execute what is not its own', async (t) => {
  const dir = makeBundle((config) => {
    config.process.user = { uid: 1000, gid: 1000 };
    for (const set of ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'] as const)
      Object.assign(config.process.capabilities ?? {}, { [set]: ['CAP_DAC_OVERRIDE'] });
    config.process.args = ['/closed/it'];
  });
  mkdirSync(join(dir, 'rootfs/closed'), { mode: 0o700 });
  writeFileSync(join(dir, 'rootfs/closed/it'), '#!/bin/sh\necho ran\n', { mode: 0o700 });
  t.match(run(['run', newId()], { bundle: dir }), { status: 0, stdout: 'ran\n' });
});

// runc says no more than "no such file or directory", and exits with 1.
t.test('in a user namespace', only('trunc'), async (t) => {
  const dir = bundleOf(['/crlf'], (config) => withUserNamespace(config));
  failsToExecute(t, dir, /"\/bin\/sh\\r" is not there/);
});

t.test('nothing is left', nothingLeft);
