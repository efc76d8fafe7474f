// Boots: hybrid, legacy

import { execSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { attempt, nothingLeft, run } from '../helpers/runtime.ts';
import { newId } from '../helpers/sandbox.ts';

t.test('look', async (t) => {
  t.comment(
    process.env.BOOT,
    readFileSync('/proc/self/mountinfo', 'utf8'),
    readFileSync('/proc/self/cgroup', 'utf8'),
    readFileSync('/proc/cmdline', 'utf8'),
  );
  const a = attempt(
    (config) => {
      config.linux.cgroupsPath = `system.slice:test:${newId().replaceAll('-', '_')}`;
      config.linux.resources = {
        memory: { limit: 64 << 20 },
        cpu: { shares: 512, quota: 30000, period: 100000, cpus: '0' },
        pids: { limit: 9 },
        devices: [{ allow: false, access: 'rwm' }],
      };
    },
    'cat /proc/self/cgroup',
    { globals: ['--systemd-cgroup'] },
  );
  console.error(
    JSON.stringify(a),
    a.stdout,
    a.stderr,
    execSync(
      'cat /proc/mounts; cat /proc/cgroups; cat /proc/self/cgroup; cat /proc/cmdline; zcat /proc/config.gz 2>/dev/null | grep -i -E "cgroup|iolat"; grep -iE "cgroup|iolat|MEMCG|BFQ" /boot/config*; systemctl --version | head -1',
      { encoding: 'utf8' },
    ),
  );
});
t.test('nothing is left', nothingLeft);
