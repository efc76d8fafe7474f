import t from 'tap';
import { type Parsed, parse } from '../../src/cli/parse.ts';

/** A command line, and what stands out in the result. */
const good: [line: string, expected: { command?: string; values?: object; positionals?: string[] }][] = [
  ['', {}],
  ['--version', { values: { version: true } }],
  ['state web1', { command: 'state', positionals: ['web1'] }],
  ['-- state web1', { command: 'state', positionals: ['web1'] }],
  ['state -- -odd-', { command: 'state', positionals: ['-odd-'] }],
  ['state -', { command: 'state', positionals: ['-'] }],
  ['h', { command: 'help' }],
  ['create', { command: 'create', values: { 'preserve-fds': 0, bundle: undefined, 'no-pivot': false } }],
  ['create --bundle /b web1', { command: 'create', values: { bundle: '/b' }, positionals: ['web1'] }],
  ['create -b=/b web1', { values: { bundle: '/b' } }],
  ['create -bundle /b web1', { values: { bundle: '/b' } }],
  ['create web1 --bundle /b', { values: { bundle: '/b' }, positionals: ['web1'] }],
  ['create --bundle --no-pivot web1', { values: { bundle: '--no-pivot', 'no-pivot': false } }],
  ['create --bundle= web1', { values: { bundle: '' } }],
  ['create --bundle=a=b web1', { values: { bundle: 'a=b' } }],
  ['create --preserve-fds 3 web1', { values: { 'preserve-fds': 3 } }],
  ['run --detach=false -no-subreaper web1', { values: { detach: false, 'no-subreaper': true } }],
  ['run -d=1 web1', { values: { detach: true } }],
  ['run --detach false', { values: { detach: true }, positionals: ['false'] }],
  ['kill web1 --all', { values: { all: true }, positionals: ['web1'] }],
  ['kill -a web1 KILL', { values: { all: true }, positionals: ['web1', 'KILL'] }],
  ['delete web1 --force', { values: { force: true } }],
  [
    'exec web1 ls -e x -- -t',
    { command: 'exec', values: { env: [], tty: false }, positionals: ['web1', 'ls', '-e', 'x', '--', '-t'] },
  ],
  [
    'exec -e A=1 --env=B=2,C -t web1 -- -ls',
    { values: { env: ['A=1', 'B=2,C'], tty: true }, positionals: ['web1', '-ls'] },
  ],
  [
    'exec -p f -d web1',
    { values: { process: 'f', detach: true, cap: [], 'preserve-fds': 0 }, positionals: ['web1'] },
  ],
  ['list -q --format=json', { values: { quiet: true, format: 'json' } }],
  [
    '--root /r --debug --log /l --log-format json --systemd-cgroup --rootless=true list',
    {
      command: 'list',
      values: {
        root: '/r',
        debug: true,
        log: '/l',
        'log-format': 'json',
        'systemd-cgroup': true,
        rootless: 'true',
      },
    },
  ],
];

t.test('understood', async (t) => {
  for (const [line, { command, values = {}, positionals }] of good) {
    const parsed = parse(words(line));
    t.equal(parsed.problem, undefined, `"${line}"`);
    t.match({ ...parsed.globals, ...parsed.options }, values, `values of "${line}"`);
    if (command !== undefined) t.equal(parsed.command?.name, command, `command of "${line}"`);
    if (positionals !== undefined) t.same(parsed.positionals, positionals, `positionals of "${line}"`);
  }
});

const bad: [line: string, message: string][] = [
  ['nosuch', 'unknown command "nosuch"'],
  ['--nosuch list', 'unknown option --nosuch'],
  ['list --nosuch=1', 'unknown option --nosuch'],
  ['list -qf json', 'unknown option -qf'],
  ['list --root /r', 'unknown option --root'],
  ['kill web1 -9', 'unknown option -9'],
  ['create --bundle', 'flag needs an argument: --bundle'],
  ['--log', 'flag needs an argument: --log'],
  ['--debug=maybe list', 'invalid value "maybe" for --debug: must be true or false'],
  ['--log-format xml list', 'invalid value "xml" for --log-format: must be one of text, json'],
  ['--rootless= list', 'invalid value "" for --rootless: must be one of true, false, auto'],
  ['create --preserve-fds x', 'invalid value "x" for --preserve-fds: must be a whole number'],
  ['create --preserve-fds -1', 'invalid value "-1" for --preserve-fds: must be a whole number'],
  ['create --preserve-fds 0x3', 'invalid value "0x3" for --preserve-fds: must be a whole number'],
  ['create a b', 'unexpected argument "b" of "create"'],
  ['state', '"state" needs <container-id>'],
  ['state a b', 'unexpected argument "b" of "state"'],
  ['kill', '"kill" needs <container-id>'],
  ['kill a b c', 'unexpected argument "c" of "kill"'],
  ['list x', 'unexpected argument "x" of "list"'],
];

t.test('refused', async (t) => {
  for (const [line, message] of bad) t.equal(parse(words(line)).problem?.message, message, `"${line}"`);
});

t.test('what stands before a problem is known', async (t) => {
  const parsed: Parsed = parse(words('--log /l --log-format json --nosuch list'));
  t.match(parsed.globals, { log: '/l', 'log-format': 'json' });
});

t.test('help is seen although arguments are missing', async (t) => {
  t.equal(parse(['state', '--help']).options.help, true);
});

t.test('exit status', async (t) => {
  t.equal(parse(['nosuch']).problem?.exitCode, 3);
  t.equal(parse(['--nosuch']).problem?.exitCode, 1);
});

function words(line: string): string[] {
  return line === '' ? [] : line.split(' ');
}
