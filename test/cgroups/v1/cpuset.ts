import { mkdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { cpuset, fillCpuset } from '../../../src/cgroups/v1/cpuset.ts';

t.test('cpus and mems', async (t) => {
  t.same(cpuset({}), []);
  t.same(cpuset({ cpu: { cpus: '', mems: '' } }), []);
  t.same(cpuset({ cpu: { cpus: '0-1,3', mems: '0' } }), [
    { file: 'cpuset.cpus', value: '0-1,3', field: 'linux.resources.cpu.cpus' },
    { file: 'cpuset.mems', value: '0', field: 'linux.resources.cpu.mems' },
  ]);
});

const EMPTY = { 'cpuset.cpus': '\n', 'cpuset.mems': '\n' };
const content = (dir: string) => [
  readFileSync(`${dir}/cpuset.cpus`, 'utf8').trim(),
  readFileSync(`${dir}/cpuset.mems`, 'utf8').trim(),
];

t.test('new cpusets get what the first filled one above them has', async (t) => {
  const top = t.testdir({
    'cpuset.cpus': '0-3\n',
    'cpuset.mems': '0\n',
    old: { ...EMPTY, new: { ...EMPTY, leaf: EMPTY } },
  });
  fillCpuset(`${top}/old/new/leaf`, [`${top}/old/new`, `${top}/old/new/leaf`]);
  for (const dir of ['old', 'old/new', 'old/new/leaf']) t.same(content(`${top}/${dir}`), ['0-3', '0'], dir);
});

t.test('one that is there is filled if it is empty, and kept if not', async (t) => {
  const top = t.testdir({
    'cpuset.cpus': '0-3\n',
    'cpuset.mems': '0\n',
    empty: EMPTY,
    full: { 'cpuset.cpus': '2\n', 'cpuset.mems': '0\n' },
  });
  fillCpuset(`${top}/empty`, []);
  fillCpuset(`${top}/full`, []);
  t.same(content(`${top}/empty`), ['0-3', '0']);
  t.same(content(`${top}/full`), ['2', '0']);
});

t.test('errors', async (t) => {
  const top = t.testdir({ 'cpuset.cpus': '0\n', 'cpuset.mems': '0\n' });
  mkdirSync(`${top}/x`);
  t.throws(() => fillCpuset(`${top}/x`, [`${top}/x`]), { code: 'CGROUP_SET', errno: 'ENOENT' });
});
