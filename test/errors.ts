import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { asRuntimeError, RuntimeError, within } from '../src/errors.ts';
import { oneLine } from '../src/log.ts';

t.test('context is put in front, and what the error knows stays', async (t) => {
  const inner = new RuntimeError('no such file', { errno: 'ENOENT', code: 'EXEC_DENIED' });
  const action = () => {
    throw inner;
  };
  t.throws(() => within('mounts[1]', action, { field: 'mounts[1]', code: 'MOUNT' }), {
    message: 'mounts[1]: no such file',
    errno: 'ENOENT',
    code: 'EXEC_DENIED',
    field: 'mounts[1]',
    cause: inner,
  });
  t.equal(
    within('nothing', () => 5),
    5,
  );
  const call = () => {
    throw new RuntimeError('busy', { errno: 'EBUSY', code: 'SYSCALL' });
  };
  t.throws(
    () => within('mounts[1]', call, { code: 'MOUNT' }),
    { code: 'MOUNT', errno: 'EBUSY' },
    'but SYSCALL',
  );
});

t.test('errors of other kinds', async (t) => {
  const error = Object.assign(new Error('ENOENT: no such file, open x'), { code: 'ENOENT', syscall: 'open' });
  t.match(asRuntimeError(error), {
    message: 'no such file, open x',
    code: 'SYSCALL',
    errno: 'ENOENT',
    exitCode: 1,
  });
  t.match(asRuntimeError('text'), { message: 'internal error: text', code: 'INTERNAL' });
});

t.test('mistakes of the program are told as such, wherever they happen', async (t) => {
  const action = () => within('linux.x', () => (undefined as unknown as { a: { b: 1 } }).a.b);
  t.throws(action, { message: /^linux\.x: internal error: TypeError: /, code: 'INTERNAL' });
});

t.test('one line', async (t) => {
  t.equal(oneLine('a/\n\t\0b é'), 'a/\\n\\t\\u0000b é');
  t.equal(oneLine('\x9b31m \x7f \x1b\x9d'), '\\u009b31m \\u007f \\u001b\\u009d', 'controls that JSON leaves');
  t.equal(
    oneLine('a\u202etxt.exe\u2028b 👩\u200d💻'),
    'a\\u202etxt.exe\\u2028b 👩\\u200d💻',
    'what turns text around',
  );
});

t.test('docs/errors.md explains every code, and no other', async (t) => {
  const project = join(import.meta.dirname, '..');
  const [, union = ''] =
    /type ErrorCode =(.*?);/s.exec(readFileSync(join(project, 'src/errors.ts'), 'utf8')) ?? [];
  const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code);
  const page = readFileSync(join(project, 'docs/errors.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z_]+)`(?: \| [^| ][^|]*){3} \|$/gm)];
  t.ok(codes.length > 50, 'they are found');
  t.same(rows.map(([, code]) => code).sort(), [...codes].sort());
  const sources = (readdirSync(join(project, 'src'), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts') && file !== 'errors.ts')
    .map((file) => readFileSync(join(project, 'src', file), 'utf8'));
  const own = readFileSync(join(project, 'src/errors.ts'), 'utf8').replace(union, '');
  const unused = codes.filter((code) => ![own, ...sources].some((text) => text.includes(`'${code}'`)));
  t.same(unused, [], 'every code is used');
});
