import t from 'tap';
import { commonParent } from '../../../src/cgroups/systemd/reach.ts';

t.test('the deepest directory that has both', async (t) => {
  const user = '/sys/fs/cgroup/user.slice/user-7.slice';
  t.equal(commonParent(`${user}/session-1.scope`, `${user}/user@7.service/user.slice`), user);
  t.equal(
    commonParent(`${user}/user@7.service/app.slice/a.scope`, `${user}/user@7.service`),
    `${user}/user@7.service`,
  );
  t.equal(commonParent('/sys/fs/cgroup', user), '/sys/fs/cgroup');
  t.equal(commonParent('/a/bc', '/a/b'), '/a', 'whole names only');
});
