/** What callers parse is, values aside, byte for byte what runc prints for the same container. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeBundle } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { nothingLeft, type Result, type RunOptions, run, runtime } from '../helpers/runtime.ts';
import { newId, temp, until } from '../helpers/sandbox.ts';

suite('root', 'runc', 'ps');
if (runtime.kind !== 'trunc') {
  t.plan(0, 'only trunc');
  process.exit(0);
}

/** One of the two runtimes, with a root and a container of its own. */
class Side {
  readonly id = newId();
  readonly #root = join(temp, newId());
  readonly log = join(temp, newId());
  bundle = '';

  constructor(
    readonly name: string,
    readonly program: string[],
  ) {
    mkdirSync(this.#root);
  }

  call(args: string[], options: RunOptions = {}): Result {
    const globals = ['--root', this.#root, '--log', this.log, '--log-format', 'json'];
    return run(args, { ...options, globals, program: this.program });
  }

  prints(...args: string[]): string {
    const { status, stdout, stderr } = this.call(args);
    if (status !== 0) throw new Error(`${this.name} ${args.join(' ')}: exit ${status}: ${stderr}`);
    return stdout;
  }

  /** A new container that sleeps, created. */
  create(): void {
    this.bundle = makeBundle((config) => {
      config.process.args = ['/bin/sleep', '1000'];
      config.annotations = { a: 'b', b: 'c' }; // runc sorts them
    });
    this.prints('create', '--bundle', this.bundle, '--pid-file', join(this.bundle, 'pid'), this.id);
  }
  /** start itself returns when init has been let go. */
  awaitProgram(): void {
    const pid = bundleAt(this, 'pid');
    until('the program', () => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n');
  }
  kill(): void {
    this.prints('kill', this.id, 'KILL');
    until('its end', () => /"stopped"/.test(this.prints('state', this.id)));
  }

  /** The text with the values of this side and this moment replaced. */
  mask(text: string): string {
    return text
      .replaceAll(this.bundle || '\0', 'BUNDLE')
      .replaceAll(this.id, 'ID')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
      .replaceAll(`${this.name} `, 'RUNTIME ')
      .replaceAll(/\b\d+\b/g, 'N');
  }
}

const trunc = new Side('trunc', runtime.argv);
// RUNC=PATH compares with another version of it.
const runc = new Side('runc', [process.env.RUNC ?? 'runc']);
t.teardown(() => {
  for (const side of [trunc, runc]) side.call(['delete', '--force', side.id]);
});

interface Golden {
  output: (side: Side) => string;
  /** What makes runc's text that which is meant, or both sides' alike; and why it has to. */
  differs?: { why: string; adapt: (text: string, other: string) => string };
}

const VERSION = {
  why: 'runc 1.1.5 and 1.3.6 carry out an older version of the specification',
  adapt: (text: string) => text.replace(/(?<=")1\.(0\.2-dev|2\.1)(?=")/, '1.3.0'),
};
const STATE = {
  why: `${VERSION.why}, and ends without a newline`,
  adapt: (text: string) => `${VERSION.adapt(text).trimEnd()}\n`,
};
/** Columns are as wide as their values, which are other ones. */
const COLUMNS = {
  why: 'columns are as wide as what is in them',
  adapt: (text: string) => text.replaceAll(/ {2,}/g, '  '),
};
const PS_TIMES = {
  why: 'how long a process has been there, and what of it was used',
  adapt: (text: string) => text.replaceAll(/ +N {1,2}N N:N/g, ' TIMES').replaceAll(/ +/g, ' '),
};

const state = (side: Side) => side.prints('state', side.id);
const bundleAt = (side: Side, file: string) => readFileSync(join(side.bundle, file), 'utf8');

/** Keys in the order of the alphabet. */
function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
const STATS = {
  why: 'the keys of memory.raw are those of memory.stat, in its order; in a map of Go they are sorted. Whether a file was read from the disk is chance',
  adapt: (text: string) => {
    const { data, ...event } = JSON.parse(text);
    const memory = { ...data.memory, raw: sorted(data.memory.raw) };
    return `${JSON.stringify({ ...event, data: { ...data, memory, blkio: data.blkio && {} } })}\n`;
  },
};

/** Of `document` what `wanted` has too: keys, and strings of lists. */
function part(document: unknown, wanted: unknown): unknown {
  if (Array.isArray(wanted)) return (document as unknown[]).filter((each) => wanted.includes(each));
  if (typeof wanted !== 'object' || wanted === null) return document;
  const entries = Object.entries(document as object).filter(([key]) => key in wanted);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, part(value, (wanted as Record<string, unknown>)[key])]),
  );
}
const FEATURES = {
  why: 'trunc knows more of everything; acl and noacl are no options of a mount for the kernel; each names its own version',
  adapt: (text: string, other: string) => {
    const own = (document: string) => {
      // What is unsafe differs: runc keeps the bundle's path as an annotation.
      const { annotations: _, potentiallyUnsafeConfigAnnotations: __, ...rest } = JSON.parse(document);
      // In runc's, as they come out of a map.
      for (const key of ['knownFlags', 'supportedFlags']) rest.linux.seccomp[key]?.sort();
      return rest;
    };
    return VERSION.adapt(JSON.stringify(part(own(text), own(other)), null, 4));
  },
};

function specOf(side: Side): string {
  side.bundle = join(temp, newId());
  run(['spec'], {
    program: ['sh', '-c', `mkdir ${side.bundle} && cd ${side.bundle} && exec ${side.program[0]} spec`],
  });
  return bundleAt(side, 'config.json');
}
const SPEC = {
  why: 'runc 1.1.5 has ambient capabilities, another order of namespaces and masked paths; later ones have what is here',
  adapt: (text: string) => {
    const spec = JSON.parse(text);
    spec.ociVersion = '1.3.0';
    spec.hostname = '';
    delete spec.process.capabilities.ambient;
    spec.linux.maskedPaths.sort();
    spec.linux.namespaces = spec.linux.namespaces.map(({ type }: { type: string }) => type).sort();
    return JSON.stringify(spec, null, '\t');
  },
};
const FIRST_LINES = {
  why: 'trunc says who it is, too; each names its own engine and libraries',
  adapt: (text: string) =>
    text
      .split('\n')
      .filter((line) => /^(runc version|commit:|spec:)/.test(line))
      .map((line) => line.replace(/\S+$/, '').replace('runc', ''))
      .join('\n'),
};

function compare(name: string, { output, differs }: Golden): void {
  t.test(name, async (t) => {
    const [ours, theirs] = [output(trunc), output(runc)];
    const adapt = differs?.adapt ?? ((text: string) => text);
    const [left, right] = [adapt(ours, theirs), adapt(theirs, ours)];
    t.not(theirs.trim(), '', 'runc says something');
    t.equal(trunc.mask(left), runc.mask(right), differs?.why ?? 'the same');
  });
}

const ps = (side: Side, ...options: string[]) => side.prints('ps', side.id, ...options);

const NOTHING: Record<string, Golden> = {
  'list: no container': { output: (side) => side.prints('list') },
  'list --format json: no container': { output: (side) => side.prints('list', '--format', 'json') },
  '--version': { output: (side) => side.prints('--version'), differs: FIRST_LINES },
  features: { output: (side) => side.prints('features'), differs: FEATURES },
  spec: { output: specOf, differs: SPEC },
};
const CREATED: Record<string, Golden> = {
  'the pid file': { output: (side) => bundleAt(side, 'pid') },
  'state: created': { output: state, differs: STATE },
  'ps: created': {
    output: (side) => ps(side, '-o', 'pid,comm').replace(/\S+\n$/, 'INIT\n'),
    differs: COLUMNS,
  },
};
const RUNNING: Record<string, Golden> = {
  'state: running': { output: state, differs: STATE },
  list: { output: (side) => side.prints('list'), differs: COLUMNS },
  'list --quiet': { output: (side) => side.prints('list', '--quiet') },
  'list --format json': { output: (side) => side.prints('list', '--format', 'json'), differs: VERSION },
  ps: { output: (side) => ps(side), differs: PS_TIMES },
  'ps with options': {
    output: (side) => ps(side, '-o', 'pid,comm'),
    differs: COLUMNS,
  },
  'ps --format json': { output: (side) => side.prints('ps', '--format', 'json', side.id) },
  'events --stats': { output: (side) => side.prints('events', '--stats', side.id), differs: STATS },
  exec: { output: (side) => side.prints('exec', side.id, 'echo', 'hello') },
};
const LATER: Record<string, Golden> = {
  'state: paused': { output: state, differs: STATE },
};
const STOPPED: Record<string, Golden> = {
  'state: stopped': { output: state, differs: STATE },
  'list: stopped': { output: (side) => side.prints('list'), differs: COLUMNS },
  'ps: stopped': { output: (side) => ps(side) },
};

/** A command that fails, and the words in its error that callers look for. */
type Failure = [
  name: string,
  args: (id: string) => string[],
  words: string,
  options?: (side: Side) => RunOptions,
];

function fail([name, args, words, options]: Failure): void {
  t.test(`error: ${name}`, async (t) => {
    const results = [trunc, runc].map((side) => {
      writeFileSync(side.log, '');
      const { status, stdout, stderr } = side.call(args(side.id), options?.(side) ?? {});
      const entry = JSON.parse(readFileSync(side.log, 'utf8').trim().split('\n').at(-1) ?? '');
      const expected = words.replace('<ID>', side.id);
      t.ok(entry.msg.includes(expected), `${side.name} logs ${JSON.stringify(expected)}: ${entry.msg}`);
      t.ok(stderr.includes(expected), `${side.name} says so on stderr`);
      t.same(Object.keys(entry).slice(0, 3), ['level', 'msg', 'time'], 'first of an entry');
      t.match(entry.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      return { status, stdout, level: entry.level };
    });
    t.same(results[0], results[1], 'the same exit status, level, and nothing on stdout');
  });
}

/** A bundle whose program is another one. */
function bundleOf(...args: string[]): (side: Side) => RunOptions {
  return () => ({
    bundle: makeBundle((config) => {
      config.process.args = args;
    }),
  });
}
const own = (side: Side): RunOptions => ({ bundle: side.bundle });
const NOT_FOUND = 'executable file not found in $PATH';
const exec =
  (...command: string[]) =>
  (id: string) => ['exec', id, ...command];

const UNKNOWN: Failure[] = [
  ...['state', 'start', 'kill', 'delete', 'pause', 'resume', 'ps', 'events'].map(
    (command): Failure => [
      `${command}: no such container`,
      (id) => [command, id],
      'container does not exist',
    ],
  ),
  ['exec: no such container', exec('true'), 'container does not exist'],
  ['update: no such container', (id) => ['update', '--pids-limit', '9', id], 'container does not exist'],
  ['create: bad ID', () => ['create', 'a/b'], 'invalid container ID format', bundleOf('true')],
  ['create: no bundle', (id) => ['create', '--bundle', '/nosuch', id], 'no such file or directory'],
  ['create: no program', (id) => ['create', id], `exec: "nosuch": ${NOT_FOUND}`, bundleOf('nosuch')],
  [
    'create: no file',
    (id) => ['create', id],
    'exec: "/no": stat /no: no such file or directory',
    bundleOf('/no'),
  ],
  [
    'create: not executable',
    (id) => ['create', id],
    'exec: "/etc/passwd": permission denied',
    bundleOf('/etc/passwd'),
  ],
];
const WHILE_RUNNING: Failure[] = [
  ['create: ID in use', (id) => ['create', id], 'container with given ID already exists', own],
  ['start: running', (id) => ['start', id], 'cannot start an already running container'],
  ['delete: running', (id) => ['delete', id], 'cannot delete container <ID> that is not stopped: running'],
  ['resume: running', (id) => ['resume', id], 'container not paused'],
  ['kill: no such signal', (id) => ['kill', id, 'FOO'], 'unknown signal "FOO"'],
  ['exec: no program', exec('nosuch'), `exec: "nosuch": ${NOT_FOUND}`],
  ['exec: no file', exec('/no'), 'exec: "/no": stat /no: no such file or directory'],
  ['exec: not executable', exec('/etc/passwd'), 'exec: "/etc/passwd": permission denied'],
];
const WHILE_PAUSED: Failure[] = [
  ['pause: paused', (id) => ['pause', id], 'container not running'],
  ['exec: paused', exec('true'), 'cannot exec in a paused container'],
];
const WHILE_STOPPED: Failure[] = [
  ['start: stopped', (id) => ['start', id], 'cannot start a container that has stopped'],
  ['kill: stopped', (id) => ['kill', id], 'container not running'],
  ['pause: stopped', (id) => ['pause', id], 'container not running'],
  ['update: stopped', (id) => ['update', '--pids-limit', '9', id], 'container not running'],
  ['events: stopped', (id) => ['events', '--stats', id], 'container with id <ID> is not running'],
  ['exec: stopped', exec('true'), 'cannot exec in a stopped container'],
];

/** What says nothing, with exit status 0 or another. */
function silent(name: string, args: (id: string) => string[], status = 0, stdin = ''): void {
  t.test(name, async (t) => {
    for (const side of [trunc, runc]) {
      const result = side.call(args(side.id), { stdin });
      t.same([result.status, result.stdout, result.stderr], [status, '', ''], side.name);
    }
  });
}

/** Both sides go on to the next state. */
function step(name: string, go: (side: Side) => void): void {
  t.test(name, async () => [trunc, runc].forEach(go));
}

const all = (golden: Record<string, Golden>) => {
  for (const [name, each] of Object.entries(golden)) compare(name, each);
};

all(NOTHING);
UNKNOWN.forEach(fail);
silent('delete --force: no such container', (id) => ['delete', '--force', id]);
step('create', (side) => side.create());
all(CREATED);
silent('start', (id) => ['start', id]);
step('the program', (side) => side.awaitProgram());
all(RUNNING);
WHILE_RUNNING.forEach(fail);
silent('exit status of exec', (id) => ['exec', id, 'sh', '-c', 'exit 9'], 9);
silent('signal of exec', (id) => ['exec', id, 'sh', '-c', 'kill -9 $$'], 137);
silent('update', (id) => ['update', '--memory', '64m', id]);
const ZEROS =
  '{"memory":{"limit":33554432,"swap":0},"cpu":{"shares":0,"quota":0,"cpus":""},"pids":{"limit":9}}';
silent('update --resources -', (id) => ['update', '--resources', '-', id], 0, ZEROS);
silent('pause', (id) => ['pause', id]);
all(LATER);
WHILE_PAUSED.forEach(fail);
silent('resume', (id) => ['resume', id]);
step('kill', (side) => side.kill());
all(STOPPED);
WHILE_STOPPED.forEach(fail);
silent('kill --all: stopped', (id) => ['kill', '--all', id, 'KILL']);
silent('delete', (id) => ['delete', id]);

// It runs runc too, which the other tests compare with.
t.test('nothing is left', only('trunc'), nothingLeft);
