import { readFileSync } from 'node:fs';
import t from 'tap';
import { enableControllers } from '../../../src/cgroups/v2/controllers.ts';

const level = (controllers: string, below: object = {}) => ({
  'cgroup.controllers': `${controllers}\n`,
  'cgroup.subtree_control': '',
  ...below,
});
const enabledIn = (dir: string) => readFileSync(`${dir}/cgroup.subtree_control`, 'utf8');

t.test('what is missing, in every parent', async (t) => {
  const top = t.testdir(level('cpu memory pids', { a: level('cpu', { b: level('cpu') }) }));
  t.equal(enableControllers(top, `${top}/a/b`).size, 0);
  t.equal(enabledIn(top), '+memory +pids');
  t.equal(enabledIn(`${top}/a`), '+memory +pids');
  t.equal(enabledIn(`${top}/a/b`), '', 'not in the cgroup itself: it has the processes');
});

t.test('nothing is missing', async (t) => {
  const top = t.testdir(level('cpu memory', { a: level('cpu memory') }));
  t.equal(enableControllers(top, `${top}/a`).size, 0);
  t.equal(enabledIn(top), '');
});

t.test('failures, by controller, with the place of the first', async (t) => {
  const top = t.testdir({
    'cgroup.controllers': 'cpu pids\n',
    a: { b: { 'cgroup.controllers': '' } },
  });
  const failures = enableControllers(top, `${top}/a/b`);
  t.same([...failures.keys()], ['cpu', 'pids']);
  t.match(failures.get('pids'), {
    code: 'CGROUP_ENABLE',
    errno: 'ENOENT',
    message: `write "+pids" to ${top}/cgroup.subtree_control: no such file or directory`,
  });
});
