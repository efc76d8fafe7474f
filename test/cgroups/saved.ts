import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { restoreFiles, saveFiles } from '../../src/cgroups/saved.ts';
import { configureLog } from '../../src/log.ts';

const logged: string[] = [];
configureLog({ format: 'text', debug: false, sink: (line) => void logged.push(line) });

t.test('what is there before, and again afterwards', async (t) => {
  const dir = t.testdir({ 'pids.max': 'max\n', 'cpuset.cpus': '\n', 'memory.max': '4096\n' });
  const writes = [
    { file: 'pids.max', value: '9' },
    { file: 'cpuset.cpus', value: '0' },
    { file: 'memory.max', value: '4096' },
    { file: 'no.such', value: '1', optional: true },
  ];
  const saved = saveFiles([
    [dir, writes],
    [undefined, [{ file: 'rdma.max', value: 'x' }]],
  ]);
  t.same(
    saved.map(({ file, before, value }) => [file, before, value]),
    [
      ['pids.max', 'max', 'max'],
      ['cpuset.cpus', '', ''],
      ['memory.max', '4096', '4096'],
    ],
  );
  writeFileSync(`${dir}/pids.max`, '9\n');
  writeFileSync(`${dir}/cpuset.cpus`, '0\n');
  restoreFiles(saved);
  // These are ordinary files, in which a shorter text leaves the end of a longer one.
  t.equal(readFileSync(`${dir}/pids.max`, 'utf8'), 'max');
  t.equal(readFileSync(`${dir}/cpuset.cpus`, 'utf8'), '\n\n', 'an empty write would do nothing');
  t.equal(readFileSync(`${dir}/memory.max`, 'utf8'), '4096\n', 'what is as it was is not written');
});

t.test('the file that the kernel has', async (t) => {
  const dir = t.testdir({ 'io.weight': 'default 100\n' });
  const otherwise = { file: 'io.weight', value: '500' };
  const [saved] = saveFiles([[dir, [{ file: 'io.bfq.weight', value: '50', otherwise }]]]);
  t.match(saved, { file: 'io.weight', value: 'default 100' });
});

t.test('weights are lost when a cgroup becomes idle', async (t) => {
  const files = (idle: string, weight: string) => {
    const dir = t.testdir({ 'cpu.idle': `${idle}\n`, 'cpu.weight': `${weight}\n` });
    const writes = [
      { file: 'cpu.idle', value: '1' },
      { file: 'cpu.weight', value: '5' },
    ];
    return saveFiles([[dir, writes]]).map(({ file, value }) => `${file} ${value}`);
  };
  t.same(files('0', '59'), ['cpu.weight 59', 'cpu.idle 0', 'cpu.weight 59']);
  t.same(files('1', '0'), ['cpu.idle 1'], 'and cannot be set while it is');
});

t.test('what cannot be taken back is told, and keeps nothing else', async (t) => {
  const dir = t.testdir({ 'pids.max': 'max\n', 'memory.max': 'max\n' });
  const saved = saveFiles([
    [
      dir,
      [
        { file: 'pids.max', value: '9' },
        { file: 'memory.max', value: '9' },
      ],
    ],
  ]);
  writeFileSync(`${dir}/pids.max`, '9\n');
  rmSync(`${dir}/memory.max`);
  restoreFiles(saved);
  t.equal(readFileSync(`${dir}/pids.max`, 'utf8'), 'max');
  t.match(
    logged.join(''),
    /^[^\n]*while setting back the limits: write \\"max\\" to [^\n]*memory\.max: no such file[^\n]*\n$/,
  );
});
