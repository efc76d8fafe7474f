import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Change, type Config, makeBundle } from '../helpers/bundle.ts';
import { suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused, run, runtime, state } from '../helpers/runtime.ts';
import { newId } from '../helpers/sandbox.ts';

suite('root');

/** The environment as the program gets it. */
function environment(env: string[], user: Config['process']['user'] = { uid: 0, gid: 0 }): string[] {
  const change: Change = (config) => Object.assign(config.process, { env, user });
  return inside(change, ['/bin/cat', '/proc/self/environ'], { env: { OF_THE_CALLER: '1' } })
    .split('\0')
    .slice(0, -1);
}

t.test('is that of the config, in its order, and nothing of the caller', async (t) => {
  const env = [
    'Z=26',
    'PATH=/bin',
    'A=1',
    'EMPTY=',
    'EQUALS=a=b',
    'SPACE=a b\tc\nd',
    'UNICODE=ä€',
    'HOME=/elsewhere',
  ];
  t.same(environment(env), env);
});

t.test('HOME comes from /etc/passwd of the container', async (t) => {
  t.same(environment(['PATH=/bin']), ['PATH=/bin', 'HOME=/root']);
  t.same(environment(['PATH=/bin'], { uid: 1000, gid: 1000 }), ['PATH=/bin', 'HOME=/home/user']);
  if (runtime.kind !== 'crun')
    t.same(
      environment(['PATH=/bin'], { uid: 4711, gid: 0 }),
      ['PATH=/bin', 'HOME=/'],
      'a user that is not there',
    );
  t.same(environment(['HOME=/x']), ['HOME=/x'], 'unless it is set');
});

t.test('of two with the same name the last one counts', async (t) => {
  const seen = inside(
    (config) => {
      config.process.env = ['A=1', 'PATH=/nowhere', 'A=2', 'PATH=/bin'];
    },
    ['sh', '-c', 'echo $A $PATH'],
  );
  t.equal(seen, '2 /bin');
});

/** A bundle with /opt/bin/tool, /opt/bin/data (not executable) and /opt/broken (a link to nothing). */
function toolBundle(args: string[], change: Change = () => {}): string {
  const bundle = makeBundle((config) => {
    config.process.env = ['PATH=/nowhere:/opt/bin:/bin'];
    config.process.args = args;
    change(config);
  });
  const dir = join(bundle, 'rootfs/opt/bin');
  mkdirSync(dir, { recursive: true });
  for (const name of ['tool', 'data']) writeFileSync(join(dir, name), '#!/bin/sh\necho $0 "$@"\n');
  chmodSync(join(dir, 'tool'), 0o755);
  chmodSync(join(dir, 'data'), 0o644);
  symlinkSync('/no/where', join(dir, '../broken'));
  return bundle;
}

t.test("args[0] is looked up in the container's PATH", async (t) => {
  const ran = (args: string[], change?: Change) => inside(() => {}, [], { bundle: toolBundle(args, change) });
  t.equal(ran(['tool', 'a', 'b c']), '/opt/bin/tool a b c', 'a plain name');
  t.equal(ran(['/opt/bin/tool']), '/opt/bin/tool', 'an absolute path');
  const inOpt: Change = (config) => {
    config.process.cwd = '/opt';
  };
  t.match(ran(['bin/tool'], inOpt), /^(\/opt\/)?bin\/tool$/, 'a relative path, from the cwd');
  t.equal(ran(['cat', '/proc/self/comm']), 'cat', 'argv[0] stays as it is');
  // A script sees its path in $0; a program its own args[0].
  t.equal(ran(['sh', '-c', 'cat /proc/$$/cmdline | tr "\\0" ,']), 'sh,-c,cat /proc/$$/cmdline | tr "\\0" ,,');
});

t.test(
  'a program that cannot be run is an error of create, in the words that engines look for',
  async (t) => {
    const cases: [string, string[], RegExp][] = [
      ['a name', ['nothere'], /exec: "nothere": executable file not found in \$PATH/],
      ['a path', ['/no/such'], /exec: "\/no\/such": stat \/no\/such: no such file or directory/],
      ['a relative path', ['./nothere'], /exec: "\.\/nothere": stat \.\/nothere: no such file or directory/],
      ['a file that is not executable', ['/opt/bin/data'], /exec: "\/opt\/bin\/data": permission denied/],
      [
        'a name that is not executable',
        ['data'],
        /exec: "data": (permission denied|executable file not found in \$PATH)/,
      ],
      // Engines know the first alone as a failure to execute; runc 1.3.6 has the other.
      ['a directory', ['/opt'], /exec: "\/opt": (permission denied|is a directory)/],
      [
        'a broken link',
        ['/opt/broken'],
        /exec: "\/opt\/broken": stat \/opt\/broken: no such file or directory/,
      ],
      [
        'a file as a directory',
        ['/opt/bin/tool/x'],
        /exec: "\/opt\/bin\/tool\/x": stat \/opt\/bin\/tool\/x: not a directory/,
      ],
    ];
    for (const [name, args, text] of cases) {
      const id = newId();
      refused(t, run(['create', id], { bundle: toolBundle(args) }), text, name);
      t.equal(state(id), undefined, `${name}: there is no container`);
    }
  },
);

t.test('without PATH in the environment', async (t) => {
  const none: Change = (config) => {
    config.process.env = ['A=1'];
  };
  refused(t, attempt(none, ['tool']), /exec: "tool": executable file not found in \$PATH/);
  t.equal(inside(none, ['/bin/echo', 'absolute']), 'absolute');
  // As execvp does, which the specification refers to; the others find nothing.
  if (runtime.kind === 'trunc') t.equal(inside(none, ['echo', 'by default']), 'by default');
});

t.test('args are needed', async (t) => {
  refused(
    t,
    attempt(() => {}, ['']),
    /exec|args/,
    'an empty name',
  );
  if (runtime.kind !== 'crun')
    refused(
      t,
      attempt(() => {}, []),
      /args/,
      'none',
    );
});

t.test('a variable without = or with a NUL', async (t) => {
  if (runtime.kind !== 'trunc') return; // passed on, or dropped
  refused(
    t,
    attempt((config) => config.process.env.push('NOEQUALS'), 'true'),
    /process\.env/,
  );
  refused(
    t,
    attempt((config) => config.process.env.push('A=\0B'), 'true'),
    /process\.env/,
  );
});

t.test('nothing is left', nothingLeft);
