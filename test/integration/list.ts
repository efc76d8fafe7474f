import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { only, suite } from '../helpers/requires.ts';
import { background, create, nothingLeft, refused, run, running, succeed } from '../helpers/runtime.ts';
import { newId, root, temp, until } from '../helpers/sandbox.ts';

suite('root');

t.test('a root that is not there', only(['trunc', 'newer runc']), async (t) => {
  refused(t, run(['list']), /does not exist|no such file/, 'explicit');
});

t.test('no containers', async (t) => {
  mkdirSync(root);
  t.match(
    succeed(['list']).stdout,
    /^(ID|NAME) +PID +STATUS +BUNDLE( PATH)? +CREATED +OWNER *\n$/,
    'the header alone',
  );
  t.equal(succeed(['list', '--quiet']).stdout, '');
  // crun prints an array.
  t.match(succeed(['list', '--format', 'json']).stdout, /^(null|\[\s*\])\n?$/);
});

t.test('no containers is null', only(['trunc', 'runc']), async (t) => {
  t.equal(succeed(['list', '--format', 'json']).stdout.trimEnd(), 'null');
});

t.test('a container that is deleted meanwhile', only('trunc', 'strace'), async (t) => {
  const { id } = create(t);
  const [directory, log] = [join(root, id), join(temp, newId())];
  const wrapper = ['strace', '-o', log, '-P', directory, '-P', join(directory, 'state.json')];
  wrapper.push('-e', 'trace=openat,statx', '-e', 'inject=statx:delay_enter=1000000');
  const { done } = background(['list', '--quiet'], { wrapper });
  until('the look at it', () => existsSync(log) && readFileSync(log, 'utf8').includes('state.json'));
  succeed(['delete', '--force', id]);
  const { status, stdout, stderr } = await done;
  t.same([status, stdout, stderr], [0, '', '']);
});

t.test('two containers', async (t) => {
  const one = running(t, (config) => {
    config.annotations = { a: 'b' };
  });
  const two = create(t);
  const expected = [
    { id: one.id, pid: one.pid, status: 'running', bundle: one.bundle },
    { id: two.id, pid: two.pid, status: 'created', bundle: two.bundle },
  ];

  const rows = succeed(['list']).stdout.trimEnd().split('\n').slice(1);
  const cells = rows.map((row) => row.split(/ +/)).sort();
  t.match(
    cells,
    expected.map(({ id, pid, status, bundle }) => [id, String(pid), status, bundle]),
  );
  t.match(cells[0]?.slice(4), [/^\d{4}-\d\d-\d\dT/, 'root']);

  t.same(succeed(['list', '-q']).stdout.trimEnd().split('\n').sort(), [one.id, two.id]);

  const documents: { id: string }[] = JSON.parse(succeed(['list', '-f', 'json']).stdout);
  documents.sort((a, b) => a.id.localeCompare(b.id));
  t.match(
    documents,
    expected.map((document) => ({ ...document, owner: 'root' })),
  );
});

t.test('JSON has what state has', only(['trunc', 'runc']), async (t) => {
  const { id } = create(t, (config) => {
    config.annotations = { a: 'b' };
  });
  const [document] = JSON.parse(succeed(['list', '-f', 'json']).stdout);
  const own = JSON.parse(succeed(['state', id]).stdout);
  t.same(document, { ...own, owner: 'root' });
});

t.test('a broken entry is skipped with a warning', only(['trunc', 'runc']), async (t) => {
  const { id } = create(t);
  const broken = join(root, 'broken');
  mkdirSync(broken);
  writeFileSync(join(broken, 'state.json'), '{');
  const { status, stdout, stderr } = run(['list', '-q']);
  rmSync(broken, { recursive: true });
  t.equal(status, 0);
  t.equal(stdout, `${id}\n`);
  t.match(stderr, /broken/);
});

t.test('an unknown format', async (t) => {
  t.match(run(['list', '--format', 'yaml']), { status: 1, stdout: '', stderr: /invalid|format/i });
});

t.test('another root knows nothing of it', async (t) => {
  create(t);
  const other = join(temp, 'other');
  mkdirSync(other);
  t.equal(run(['--root', other, 'list', '-q'].slice(2), { globals: ['--root', other] }).stdout, '');
});

t.test('nothing is left', nothingLeft);
