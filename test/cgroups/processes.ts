import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { processesBelow, signalProcesses } from '../../src/cgroups/processes.ts';

t.test('of a cgroup and those below', async (t) => {
  const dir = t.testdir({
    'cgroup.procs': '5\n6\n',
    a: { 'cgroup.procs': '', b: { 'cgroup.procs': '7\n' } },
    c: {},
  });
  t.same(processesBelow(dir), [5, 6, 7]);
  t.same(processesBelow(`${dir}/none`), []);
  t.throws(() => processesBelow(`${dir}/cgroup.procs`), { code: 'CGROUP_READ', errno: 'ENOTDIR' });
});

t.test('a process that has ended meanwhile does not matter', async (t) => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid as number;
  signalProcesses([pid], 15);
  t.same(await once(child, 'exit'), [null, 'SIGTERM']);
  signalProcesses([0x3fffff], 15);
});
