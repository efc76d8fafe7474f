// What people do wrong, and hosts that are short of something: one line that says what is wrong and what to do, and nothing
// is left.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { baseConfig, type Change, makeBundle, readConfig } from '../helpers/bundle.ts';
import { wrapper } from '../helpers/ordinary-user.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, create, nothingLeft, refused, run, running, state, succeed } from '../helpers/runtime.ts';
import { newId, root, temp } from '../helpers/sandbox.ts';

suite('root');

// The words are those of trunc: the others have none for most of this.
const ours = only('trunc');

const bundle = makeBundle();
const good = JSON.stringify(readConfig(bundle), null, 2);

t.test('a config.json that is no JSON', ours, async (t) => {
  const cases: [name: string, text: string | Buffer, told: RegExp][] = [
    ['empty', '', /line 1, column 1: expected a value, found the end of the file/],
    ['cut off', good.slice(0, 40), /expected .*, found the end of the file/],
    ['byte order mark', `\ufeff${good}`, /line 1, column 1: .*\(it begins with a byte order mark: save/],
    ['UTF-16', Buffer.from(`\ufeff${good}`, 'utf16le'), /\(it is no UTF-8 text: save it as UTF-8\)/],
    ['zeros', Buffer.alloc(10_000), /found "\\u0000" \(it is no UTF-8 text/],
    [
      'comment',
      `// mine\n${good}`,
      /line 1, column 1: expected a value, found "\/\/" \(JSON has no comments\)/,
    ],
    [
      'trailing comma',
      good.replace('"PATH=/bin"', '$&,'),
      /found "\]" \(the comma before it is one too many\)/,
    ],
    ['single quotes', good.replaceAll('"', "'"), /line 2, column 3: .* \(strings stand in double quotes\)/],
    ['a tab in a string', good.replace('/bin/true', '/bin/\ttrue'), /\(this string has no end on its line,/],
    ['null', 'null', /must be an object, found null/],
    ['nested', '['.repeat(200_000), /is nested too deeply/],
    [
      'nested in an unknown property',
      `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      /is nested too deeply/,
    ],
  ];
  for (const [name, text, told] of cases) {
    writeFileSync(join(bundle, 'config.json'), text);
    const log = join(temp, newId());
    const globals = ['--log', log, '--log-format', 'json'];
    const result = run(['create', newId()], { bundle, globals });
    refused(t, result, /^trunc create failed: .*config\.json/, name);
    t.match(result.stderr, told, name);
    t.match(JSON.parse(readFileSync(log, 'utf8')), { level: 'error', code: 'CONFIG_INVALID' }, name);
  }
});

t.test('lines that end in CR LF are JSON too', async (t) => {
  writeFileSync(join(bundle, 'config.json'), good.replaceAll('\n', '\r\n'));
  t.match(run(['run', newId()], { bundle }), { status: 0, stderr: '' });
});

t.test('a config.json that is no file', ours, async (t) => {
  const made = (make: (path: string) => void): string => {
    const directory = join(temp, newId());
    mkdirSync(directory);
    make(join(directory, 'config.json'));
    return directory;
  };
  const cases: [bundle: string, told: RegExp][] = [
    [made((path) => execFileSync('mkfifo', [path])), /it is no regular file/],
    [made((path) => symlinkSync('/dev/zero', path)), /it is no regular file/],
    [made((path) => mkdirSync(path)), /is a directory/],
    [made((path) => symlinkSync('nowhere', path)), /no such file or directory \(give the directory/],
    [made((path) => symlinkSync('config.json', path)), /too many levels of symbolic links/],
    ['/etc/passwd', /not a directory/],
  ];
  for (const [bundle, told] of cases)
    refused(
      t,
      run(['create', newId()], { bundle }),
      new RegExp(`config\\.json: ${told.source}`),
      told.source,
    );
});

/** What is changed in a good config → what is told. */
const configs: [name: string, change: Change, told: RegExp][] = [
  [
    'no rootfs',
    ({ root }) => void Object.assign(root, { path: 'nowhere' }),
    /root\.path: \/.*\/nowhere: no such directory \(it is where the files of an image are to be\)/,
  ],
  ['another case', rename('process', 'Process'), /process: is missing, but there is "Process"/],
  ['a letter too many', rename('root', 'roots'), /root: is missing, but there is "roots"/],
  ['octal', ({ process }) => Object.assign(process.user, { umask: '022' }), /octal 022 is 18/],
  ['a command line', args('true --version'), /executable file not found in \$PATH \(no shell splits it: /],
  ['a whole script', args('/bin/sh -c "true"'), /no such file or directory \(no shell splits it: /],
  ['a variable', args('$SHELL'), /executable file not found in \$PATH \(no shell expands it: /],
  ['no such program', args('nosuch'), /executable file not found in \$PATH \(looked for in \/bin\)/],
  ['a mistyped filesystem', mount({ type: 'bnid' }), /mounts\[4\]: .*filesystem "bnid": no such device/],
  ['no type', mount({ source: '/etc' }), /mounts\[4\]\.type: is missing; a bind mount needs the option bind/],
  ['none', mount({ type: 'none', source: '/etc' }), /mounts\[4\]\.type: none is no filesystem; a bind mount/],
  [
    'no such sysctl',
    ({ linux }) => void Object.assign(linux, { sysctl: { 'net.ipv4.nosuch': '1' } }),
    /linux\.sysctl\["net\.ipv4\.nosuch"\]: .*\(the kernel does not have it here, /,
  ],
];

function rename(from: string, to: string): Change {
  return (config) => {
    const document = config as unknown as Record<string, unknown>;
    document[to] = document[from];
    delete document[from];
  };
}

function args(...words: string[]): Change {
  return ({ process }) => void Object.assign(process, { args: words });
}

function mount(one: { type?: string; source?: string }): Change {
  return ({ mounts }) => void mounts.push({ destination: '/tmp', ...one } as (typeof mounts)[number]);
}

for (const [name, change, told] of configs) {
  t.test(name, ours, async (t) => {
    const config = baseConfig();
    const bundle = makeBundle((config) => change(config));
    t.not(JSON.stringify(config), JSON.stringify(readConfig(bundle)));
    refused(t, run(['run', newId()], { bundle }), told);
  });
}

t.test('documents of another kind', ours, async (t) => {
  const { id, bundle } = running(t);
  const whole = join(bundle, 'config.json');
  const exec = run(['exec', '--process', whole, id]);
  t.match(exec, {
    status: 255,
    stderr: /^exec failed: this is a whole config\.json, its process alone is wanted/,
  });
  refused(
    t,
    run(['update', '--resources', whole, id]),
    /its linux\.resources alone is wanted \(jq \.linux\.resources/,
  );
  const relative = run(['exec', '--cwd', 'tmp', id, 'true']);
  t.match(relative, {
    status: 255,
    stderr: /^exec failed: process\.cwd: must be an absolute path, found "tmp"\n$/,
  });
});

/** Runs the command where `directory` is a tmpfs without room. */
function onFullDisk(directory: string): string[] {
  mkdirSync(directory, { recursive: true });
  const fill = `mount -t tmpfs -o size=4k none ${directory} && head -c 4096 /dev/zero > ${directory}/full`;
  return [
    'unshare',
    '--mount',
    'sh',
    '-c',
    `${fill} && "$@"; status=$?; ls -A ${directory} >&2; exit $status`,
    'sh',
  ];
}

t.test('a full disk', ours, async (t) => {
  const directory = join(temp, 'disk');
  const full = { bundle: makeBundle(), wrapper: onFullDisk(directory) };
  const log = run(['run', newId()], { ...full, globals: ['--log', join(directory, 'log')] });
  t.match(log, { status: 0, stdout: '' }, 'the log: the container runs');
  const lost = run(['state', 'nosuch'], {
    wrapper: full.wrapper,
    globals: ['--log', join(directory, 'log')],
  });
  t.match(lost, { status: 1, stderr: /^trunc: --log .*no space left.*container does not exist: nosuch/ });
  const pidFile = join(directory, 'pid');
  const noPid = run(['run', '--pid-file', pidFile, newId()], full);
  t.equal(noPid.status, 1);
  t.equal(
    noPid.stderr,
    `trunc run failed: --pid-file ${pidFile}: ${directory}/.pid: no space left on device\nfull\n`,
    'the pid file: no piece of it is left',
  );
  const noState = run(['run', newId()], { ...full, wrapper: onFullDisk(root) });
  t.equal(noState.status, 1);
  t.match(noState.stderr, /^trunc run failed: .*\/creating\.json: no space left on device\nfull\n$/);
});

t.test('log files', ours, async (t) => {
  for (const file of ['/tmp', '/nonexistent/log']) {
    const result = run(['list'], { globals: ['--log', file] });
    refused(t, result, new RegExp(`^trunc: --log ${file}: `), file);
  }
});

t.test("another user's containers", ours, async (t) => {
  const { id } = create(t);
  const denied = /^trunc: --root: .*permission denied \(an ordinary user needs XDG_RUNTIME_DIR, /;
  for (const command of ['state', 'start', 'kill', 'delete', 'pause', 'ps'])
    refused(t, run([command, id], { wrapper: wrapper() }), denied, command);
  refused(t, run(['delete', '--force', id], { wrapper: wrapper() }), denied, 'delete --force');
  t.equal(state(id)?.status, 'created');
});

t.test('a state.json that is damaged', ours, async (t) => {
  const { id } = create(t);
  const path = join(root, id, 'state.json');
  const before = readFileSync(path, 'utf8');
  writeFileSync(path, before.slice(0, 100));
  for (const command of ['state', 'start', 'kill', 'delete'])
    refused(
      t,
      run([command, id]),
      new RegExp(`${path} is damaged: .*, and remove ${join(root, id)}\\)`),
      command,
    );
  t.match(run(['list']), { status: 0, stderr: new RegExp(`container ${id} is skipped: ${path} is damaged`) });
  writeFileSync(path, before);
});

t.test('names', ours, async (t) => {
  refused(t, run(['create', 'x'.repeat(300)], { bundle }), /invalid container ID format: .*, at most 255\)/);
  const { id } = create(t);
  refused(t, run(['kill', id, 'FOO']), /unknown signal "FOO" \(a name such as TERM/);
  mkdirSync(join(root, '@seccomp'), { recursive: true });
  t.equal(run(['list', '--quiet']).stdout, `${id}\n`, 'the cache is no container');
});

t.test('a bundle whose name is two lines has one line in the table', ours, async (t) => {
  const strange = join(temp, 'a\nb');
  mkdirSync(strange);
  const config = baseConfig();
  config.root.path = join(bundle, 'rootfs');
  writeFileSync(join(strange, 'config.json'), JSON.stringify(config));
  const { id } = create(t, undefined, [], { bundle: strange });
  t.match(succeed(['list']).stdout, new RegExp(`^ID [^\\n]*\\n${id} [^\\n]*a\\\\nb [^\\n]*\\n$`));
});

t.test('in a chroot', ours, async (t) => {
  const result = attempt(() => {}, 'true', { wrapper: ['unshare', '--mount', 'sh', '-c', CHROOT, 'sh'] });
  refused(t, result, /\(in a chroot, whose \/ has to be a mount point: mount --bind DIR DIR /);
});

/** A root that is a directory of a mount, with the host's files in it. */
const CHROOT = `mkdir -p ${temp}/parent/new && mount -t tmpfs none ${temp}/parent && mkdir ${temp}/parent/new &&
  for each in /*/; do mkdir -p ${temp}/parent/new$each && mount --rbind $each ${temp}/parent/new$each || exit 9; done &&
  exec chroot ${temp}/parent/new "$@"`;

t.test('nothing is left', nothingLeft);
