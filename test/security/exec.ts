// What `exec` of other runtimes has given away.
import { chmodSync, chownSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Canary } from '../helpers/attack.ts';
import { type Change, type Config, withoutNamespace, withUserNamespace } from '../helpers/bundle.ts';
import { prepareRoot, UID, userContainer, wrapper } from '../helpers/ordinary-user.ts';
import { only, suite } from '../helpers/requires.ts';
import {
  background,
  type Container,
  nothingLeft,
  run,
  running,
  runtime,
  succeed,
} from '../helpers/runtime.ts';
import { namespaceOf, temp, until } from '../helpers/sandbox.ts';

suite('root');

const said = ({ id }: Container, script: string, flags: string[] = []) =>
  succeed(['exec', ...flags, id, 'sh', '-c', script]).stdout.trimEnd();

t.test('CVE-2016-3697: a number is no name of the image', async (t) => {
  const container = running(t);
  writeFileSync(
    join(container.bundle, 'rootfs/etc/passwd'),
    '1000:x:0:0:root:/root:/bin/sh\nroot:x:0:0::/root:/bin/sh\n',
  );
  t.equal(said(container, 'id -u; id -g', ['--user', '1000']), '1000\n0');
});

t.test('CVE-2026-30892: a user that is no plain number is refused', async (t) => {
  const { id } = running(t);
  const refused = [
    '01',
    ' 1',
    '1 ',
    '1a',
    '1:',
    ':1',
    '',
    ':',
    '-1',
    '0x1',
    '1e1',
    '4294967295',
    '4294967296',
    'root',
  ];
  t.equal(succeed(['exec', '-u', '1', id, 'id', '-u']).stdout, '1\n');
  t.equal(succeed(['exec', '-u', '1:2', id, 'id', '-g']).stdout, '2\n');
  // runc 1.1.5 reads some of them as Go does.
  if (runtime.kind !== 'trunc') return;
  for (const user of refused) {
    const { status, stdout, stderr } = run(['exec', `--user=${user}`, id, 'id']);
    t.equal(status, 255, JSON.stringify(user));
    t.equal(stdout, '');
    t.match(stderr, /^exec failed: --user: must be UID\[:GID\]/);
  }
});

t.test('CVE-2022-29162, CVE-2022-27650: no capability is inheritable', async (t) => {
  const container = running(t, (config) => {
    config.process.capabilities = {
      bounding: ['CAP_KILL'],
      permitted: ['CAP_KILL'],
      effective: ['CAP_KILL'],
    };
  });
  const show = 'grep -E "Cap(Inh|Amb)" /proc/self/status | cut -f2';
  const none = '0'.repeat(16);
  t.equal(said(container, show, ['--cap', 'CAP_NET_RAW', '-u', '1000']), `${none}\n${none}`);
  t.equal(said(container, show), `${none}\n${none}`);
});

t.test('CVE-2024-21626: no working directory outside, and no descriptor inside', async (t) => {
  const container = running(t);
  for (let fd = 3; fd < 40; fd++) {
    for (const path of [`/proc/self/fd/${fd}`, `/proc/self/fd/${fd}/../../..`]) {
      const { status, stdout } = run(['exec', '--cwd', path, container.id, 'ls']);
      t.not(status, 0, path);
      t.equal(stdout, '', path);
    }
  }
  writeFileSync(join(container.bundle, 'rootfs/tmp/x'), '');
  said(container, 'ln -s /proc/self/fd/5 /tmp/link');
  t.not(run(['exec', '--cwd', '/tmp/link', container.id, 'ls']).status, 0, 'by a link of the image');
  t.match(said(container, 'echo /proc/self/fd/*'), /^(\/proc\/self\/fd\/[0-3] ?){3,4}$/);
});

/** Looks at all other processes, as fast as a shell can, and tells what it sees. */
const WATCH = `
  while :; do for p in /proc/[0-9]*; do
    [ $p = /proc/$$ ] || ls -l $p/fd $p/exe $p/cwd $p/root 2>/dev/null | grep -E "koffi|socket:|cgroup|ns:|/trunc$|[.]out$" ;
  done; done
`;

function watched(t: Test, change: Change): Container {
  const container = running(t, (config) => {
    const all = ['CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH', 'CAP_SYS_PTRACE'];
    // As root of the host's user namespace it would be allowed to.
    const caps = config.linux.namespaces.some(({ type }) => type === 'user') ? all : all.slice(0, 2);
    config.process.capabilities = { bounding: caps, effective: caps, permitted: caps };
    config.process.args = ['/bin/sh', '-c', `echo up; ${WATCH}`];
    change(config);
  });
  until('the watcher', () => container.output.stdout.startsWith('up') || undefined);
  return container;
}

// The engine of Node.js is readable for everybody, and so may be traced.
if (!runtime.node) {
  for (const name of ['without', 'with']) {
    t.test(
      `CVE-2016-9962: nobody sees what the runtime holds, ${name} a user namespace`,
      only('trunc'),
      async (t) => {
        const container = watched(t, (config) => {
          if (name === 'with') withUserNamespace(config);
        });
        for (let round = 0; round < 25; round++) t.equal(run(['exec', container.id, 'true']).status, 0);
        // On a busy machine it may have missed all of them, as short as they are.
        const long = background(['exec', container.id, 'sleep', '1000']);
        until('the watcher to see a program', () => /\.out$/m.test(container.output.stdout));
        long.child.kill('SIGTERM');
        await long.done;
        const seen = container.output.stdout.split('\n').slice(1);
        // The program's own output, once it runs: so much can be seen.
        t.ok(
          seen.some((line) => line.endsWith('.out')),
          'the watcher sees programs',
        );
        t.same(
          seen.filter((line) => !line.endsWith('.out') && line !== ''),
          [],
          'and not the runtime',
        );
      },
    );
  }
}

/** Looks for processes which have the host's root directory, as fast as a shell can, and tells of them. */
const LOOK = (canary: Canary) => `
  echo up; while :; do for p in /proc/[0-9]*; do
    [ -e $p/root${canary.file} ] && echo "the host by way of $p"
  done; done`;

function looking(t: Test, canary: Canary, change: (config: Config, script: string) => void): Container {
  const container = running(t, (config) => change(config, LOOK(canary)));
  until('the attacker', () => container.output.stdout.startsWith('up') || undefined);
  return container;
}

/** A copy of the executable that everybody may read. */
function readable(name: string): string {
  const [file = ''] = runtime.argv;
  const directory = join(temp, name);
  mkdirSync(directory);
  copyFileSync(join(file, '../koffi.node'), join(directory, 'koffi.node'));
  copyFileSync(file, join(directory, 'trunc'));
  chmodSync(join(directory, 'trunc'), 0o755);
  return join(directory, 'trunc');
}

const traces = (config: Config, script: string): void => {
  const caps = ['CAP_SYS_PTRACE'];
  config.process.capabilities = { bounding: caps, effective: caps, permitted: caps };
  config.process.args = ['/bin/sh', '-c', script];
};

/** The pids of the host, and its procfs: no user namespace but the first one may mount that. */
function seeHost(config: Config): void {
  withoutNamespace(config, 'pid');
  config.mounts = config.mounts.filter(({ destination }) => destination !== '/proc');
  config.mounts.unshift({ destination: '/proc', type: 'bind', source: '/proc', options: ['rbind'] });
}

for (const [name, hostID, sharesPids] of [
  ['', 100_000, false],
  [', which is the root of the container', 0, false],
  [', nor with the pids of the host', 0, true],
] as const) {
  // How trunc protects its file.
  t.test(`nor where everybody may read the executable${name}`, only('trunc'), async (t) => {
    if (runtime.node) return;
    const container = looking(t, new Canary(), (config, script) => {
      traces(config, script);
      withUserNamespace(config, hostID);
      if (sharesPids) seeHost(config);
    });
    const options = { program: [readable(`readable-${hostID}-${sharesPids}`)] };
    for (let round = 0; round < 10; round++) t.equal(run(['exec', container.id, 'true'], options).status, 0);
    t.equal(container.output.stdout, 'up\n', 'it sees nothing of the host');
  });
}

// runc shows nothing either.
t.test('nor with CAP_SYS_PTRACE and without a user namespace', async (t) => {
  if (runtime.node) return;
  const container = looking(t, new Canary(), traces);
  for (let round = 0; round < 10; round++) t.equal(run(['exec', container.id, 'true']).status, 0);
  t.equal(container.output.stdout, 'up\n', 'it sees nothing of the host');
});

t.test('nor where it is a copy of the ordinary user whose containers they are', only('trunc'), async (t) => {
  if (runtime.node) return;
  const program = readable('own');
  chownSync(program, UID, UID);
  prepareRoot();
  const canary = new Canary();
  const container = userContainer(t, (config) => {
    traces(config, LOOK(canary));
    config.mounts = config.mounts.filter(({ type }) => type !== 'cgroup');
  });
  const options = { wrapper: wrapper([], [], program) };
  succeed(['start', container.id], options);
  until('the attacker', () => container.output.stdout.startsWith('up') || undefined);
  for (let round = 0; round < 10; round++) t.equal(run(['exec', container.id, 'true'], options).status, 0);
  t.equal(container.output.stdout, 'up\n', 'it sees nothing of the host');
});

t.test('a user namespace that the container has made itself is not joined', async (t) => {
  // In there the first process has all capabilities, and maps the host's root: what belongs to that could be traced.
  const container = looking(t, new Canary(), (config, script) => {
    const caps = ['CAP_SETFCAP'];
    config.process.capabilities = { bounding: caps, effective: caps, permitted: caps };
    config.process.args = ['/bin/unshare', '-U', '-r', '/bin/sh', '-c', script];
  });
  for (let round = 0; round < 10; round++) {
    t.equal(said(container, 'readlink /proc/self/ns/user'), namespaceOf('self', 'user'));
  }
  t.equal(container.output.stdout, 'up\n', 'it sees nothing of the host');
});

t.test('nothing is left', nothingLeft);
