import t from 'tap';
import { homeIn, withoutDuplicates } from '../../src/process/env.ts';

t.test('the last of each name stays', async (t) => {
  t.same([...withoutDuplicates(['A=1', 'B=2', 'A=3', 'C=x=y']).values()], ['A=3', 'B=2', 'C=x=y']);
});

t.test('home directories', async (t) => {
  const passwd =
    'root:x:0:0:root:/root:/bin/sh\n1000:x:0:0::/trap:\nuser:x:1000:1000::/home/user:\nbad\nno:x:7:7:::\n';
  t.equal(homeIn(passwd, 0), '/root');
  t.equal(homeIn(passwd, 1000), '/home/user', 'a number is an id, not a name (CVE-2016-3697)');
  t.equal(homeIn(passwd, 7), '/', 'an empty one is the root directory');
  t.equal(homeIn(passwd, 42), '/');
});
