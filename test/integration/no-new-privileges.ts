import t from 'tap';
import { suite } from '../helpers/requires.ts';
import { inside, nothingLeft } from '../helpers/runtime.ts';

suite('root');

t.test('noNewPrivileges', async (t) => {
  const seen = (noNewPrivileges?: boolean) =>
    inside((config) => {
      if (noNewPrivileges !== undefined) config.process.noNewPrivileges = noNewPrivileges;
    }, 'grep NoNewPrivs /proc/self/status | cut -f2');
  t.equal(seen(true), '1');
  t.equal(seen(false), '0');
  t.equal(seen(), '0');
});

t.test('a set-user-ID program gives nothing', async (t) => {
  const whoami = (noNewPrivileges: boolean) =>
    inside((config) => {
      config.process.noNewPrivileges = noNewPrivileges;
      config.process.user = { uid: 1000, gid: 1000 };
      config.process.capabilities = { bounding: ['CAP_SETUID'] };
      config.mounts.push({ destination: '/suid', type: 'tmpfs', source: 'suid', options: ['mode=777'] });
    }, 'cp /bin/busybox /suid/x; chmod 4755 /suid/x; grep -c . /proc/self/status > /dev/null; stat -c %a /suid/x; id -u');
  t.equal(whoami(true), '4755\n1000');
});

t.test('nothing is left', nothingLeft);
