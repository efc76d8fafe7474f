import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

const EXECUTABLE = join(import.meta.dirname, '../../dist/trunc');

/** Runs a command line: its exit status and what it wrote. */
async function trunc(...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(EXECUTABLE, argv, { encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

const BAD_ID = 'invalid container ID format: "a/b"';
const HINT = '(letters, digits and _ + - . only, at most 255)';

t.test('version', async (t) => {
  const { status, out, err } = await trunc('--version');
  t.match(
    out,
    /^runc version 1\.5\.0\+trunc\.(\S+)\ntrunc version \1\ncommit: \S+\nspec: 1\.\d+\.\d+\n(bun|node): \d+\.\S+\n$/,
  );
  t.same([status, err], [0, '']);
  t.same(await trunc('-v', 'list'), { status, out, err });
});

/** As go-runc does it: nothing, without an error, unless the first line is as runc's. */
function readByGoRunc(text: string) {
  const [first = '', ...lines] = text.trim().split('\n');
  if (!first.startsWith('runc version ')) return {};
  const after = (prefix: string) => lines.findLast((line) => line.startsWith(prefix))?.slice(prefix.length);
  return { runc: first.slice('runc version '.length), commit: after('commit: '), spec: after('spec: ') };
}

/** As Docker Engine does it: every line with the word counts, the last one in the end. */
function readByDocker(text: string) {
  const found: Record<string, string> = {};
  for (const line of text.trim().split('\n')) {
    const parts = line.split('version').map((part) => part.trim());
    if (parts.length > 1) Object.assign(found, { runtime: parts[0], version: parts.at(-1) });
    else if (line.startsWith('commit:')) found.commit = line.slice('commit:'.length).trim();
  }
  return found;
}

t.test('version, as engines read it', async (t) => {
  const { out } = await trunc('--version');
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  const commit = /^commit: (.*)$/m.exec(out)?.[1];
  t.match(readByGoRunc(out), { runc: `1.5.0+trunc.${version}`, commit, spec: /^1\.\d+\.\d+$/ });
  t.same(readByDocker(out), { runtime: 'trunc', version, commit });
});

t.test('help', async (t) => {
  const program = await trunc();
  t.match(program.out, /^trunc \[global options\] COMMAND/);
  t.same([program.status, program.err], [0, '']);
  for (const line of [['--help'], ['-h'], ['help'], ['h']])
    t.same(await trunc(...line), program, line.join());
  const command = await trunc('state', '--help');
  t.match(command, { status: 0, err: '', out: /^trunc state \[options\] <container-id>/ });
  t.same(await trunc('help', 'state'), command);
  t.same(await trunc('state', '-h', 'too', 'many'), command);
});

t.test('misuse', async (t) => {
  t.same(await trunc('create', '--bundel', '/b'), {
    status: 1,
    out: '',
    err: 'Incorrect Usage: unknown option --bundel (did you mean --bundle?)\n',
  });
  const unknown = {
    status: 3,
    out: '',
    err: 'Incorrect Usage: unknown command "nosuch" (see "trunc help")\n',
  };
  t.same(await trunc('nosuch'), unknown);
  t.same(await trunc('help', 'nosuch'), unknown);
  t.match(await trunc('exec', '--nosuch'), { status: 1, err: /^Incorrect Usage: .*\n$/ });
});

t.test('an error is one line', async (t) => {
  t.same(await trunc('state', 'a/b'), { status: 1, out: '', err: `trunc: ${BAD_ID} ${HINT}\n` });
  t.match(await trunc('create', 'a/b'), { err: `trunc create failed: ${BAD_ID} ${HINT}\n` });
  t.match(await trunc('run', 'a/b'), { err: `trunc run failed: ${BAD_ID} ${HINT}\n` });
});

t.test('--debug adds the stack', async (t) => {
  const { err } = await trunc('--debug', 'state', 'a/b');
  const lines = err.split('\n');
  t.match(lines[0], /^time="[^"]*" level=debug msg="RuntimeError: .*\\n +at /);
  t.equal(lines[1], `trunc: ${BAD_ID} ${HINT}`);
});

t.test('a log file gets an entry, standard error the line', async (t) => {
  const file = `${t.testdir({})}/log`;
  const { err } = await trunc('--log', file, '--log-format', 'json', 'create', 'a/b');
  t.equal(err, `trunc create failed: ${BAD_ID} ${HINT}\n`);
  await trunc('--log', file, '--log-format', 'json', 'create', '--nosuch');
  const [failed, misused] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.match(failed, {
    level: 'error',
    msg: `trunc create failed: ${BAD_ID}`,
    time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*Z$/,
    code: 'ID_INVALID',
  });
  t.match(misused, { level: 'error', msg: 'Incorrect Usage: unknown option --nosuch', code: 'USAGE' });
});

t.test('log file in text', async (t) => {
  const file = `${t.testdir({})}/log`;
  await trunc('--log', file, 'state', 'a/b');
  t.match(
    readFileSync(file, 'utf8'),
    /^time="\S+" level=error msg="invalid .*\\"a\/b\\"" code="ID_INVALID" hint=".*"\n$/,
  );
});

t.test('JSON on standard error is all there is', async (t) => {
  const { err } = await trunc('--log-format=json', 'state', 'a/b');
  t.match(JSON.parse(err), { level: 'error', msg: BAD_ID, code: 'ID_INVALID' });
});

t.test('a log file that cannot be written', async (t) => {
  const { status, err } = await trunc('--log', '/nonexistent/log', 'list');
  t.equal(status, 1);
  t.equal(err, 'trunc: --log /nonexistent/log: /nonexistent/log: no such file or directory\n');
});
