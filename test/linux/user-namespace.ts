import { readFileSync, statSync } from 'node:fs';
import t from 'tap';
import { isNamespace } from '../../src/linux/namespace.ts';
import { makeUserNamespace } from '../../src/linux/user-namespace.ts';

t.test('a namespace outlives the process that it was made by', async (t) => {
  const seen: { pid?: number; map?: string } = {};
  using namespace = makeUserNamespace((pid) => {
    seen.pid = pid;
    seen.map = readFileSync(`/proc/${pid}/uid_map`, 'utf8');
  });
  t.equal(seen.map, '', 'no map yet while it waits');
  t.ok(isNamespace(namespace, 'user'));
  t.not(statSync(`/proc/self/fd/${namespace.number}`).ino, statSync('/proc/self/ns/user').ino);
  t.throws(() => readFileSync(`/proc/${seen.pid}/uid_map`), { code: 'ENOENT' }, 'and is gone');
});

t.test('maps that cannot be written', async (t) => {
  const seen: { pid?: number } = {};
  const fail = (pid: number) => {
    seen.pid = pid;
    throw new Error('no');
  };
  t.throws(() => makeUserNamespace(fail), { message: 'no' });
  t.throws(() => readFileSync(`/proc/${seen.pid}/uid_map`), { code: 'ENOENT' });
});
