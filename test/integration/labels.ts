import { existsSync } from 'node:fs';
import t from 'tap';
import type { Change } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused } from '../helpers/runtime.ts';

// With AppArmor: test/vm/apparmor.ts. No policy of SELinux is loaded on any machine that runs these tests.
suite('root');

const label =
  (key: 'apparmorProfile' | 'selinuxLabel', value: string): Change =>
  (config) =>
    void Object.assign(config.process, { [key]: value });

// runc 1.1.5 and crun 1.8.1 leave out a profile that they cannot set, and say so at most; runc 1.3.6 has other words.
t.test('without the module that it is for', only('trunc'), async (t) => {
  if (!existsSync('/sys/module/apparmor')) {
    const result = attempt(label('apparmorProfile', 'docker-default'), 'true');
    refused(
      t,
      result,
      /process\.apparmorProfile: "docker-default" is asked for, but AppArmor is not enabled/,
    );
  }
  if (!existsSync('/sys/fs/selinux')) {
    const result = attempt(label('selinuxLabel', 'system_u:system_r:container_t:s0'), 'true');
    refused(
      t,
      result,
      /process\.selinuxLabel: "system_u:system_r:container_t:s0" is asked for, but SELinux is not/,
    );
  }
});

// crun 1.28 writes it down.
t.test('an empty label asks for nothing', only(['trunc', 'runc']), async (t) => {
  t.equal(inside(label('apparmorProfile', ''), 'echo ran'), 'ran');
  t.equal(inside(label('selinuxLabel', ''), 'echo ran'), 'ran');
});

t.test('nothing is left', nothingLeft);
