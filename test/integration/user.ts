import { statSync } from 'node:fs';
import t from 'tap';
import type { Change, Config } from '../helpers/bundle.ts';
import { only, suite } from '../helpers/requires.ts';
import { attempt, inside, nothingLeft, refused } from '../helpers/runtime.ts';

suite('root');

const user =
  (value: Config['process']['user']): Change =>
  (config) => {
    config.process.user = value;
  };
const IDS = "grep -E '^(Uid|Gid|Groups):' /proc/self/status | tr '\\t' ' '";

t.test('uid, gid and groups', async (t) => {
  t.match(inside(user({ uid: 0, gid: 0 }), IDS), /^Uid: 0 0 0 0\nGid: 0 0 0 0\nGroups:$/);
  const seen = inside(user({ uid: 1000, gid: 1001, additionalGids: [10, 2_000_000_000] }), IDS);
  t.match(seen, /^Uid: 1000 1000 1000 1000\nGid: 1001 1001 1001 1001\nGroups: 10 2000000000$/);
});

t.test('many groups, and the same one twice', async (t) => {
  t.match(
    inside(user({ uid: 0, gid: 5, additionalGids: [7, 5, 7] }), IDS),
    /Groups: 5( 7){1,2}$/,
    'runc leaves out the second',
  );
  const additionalGids = Array.from({ length: 65_536 }, (_, index) => index);
  t.match(inside(user({ uid: 0, gid: 0, additionalGids }), IDS), / 65534 65535$/, 'as many as there can be');
});

t.test('more groups than there can be', only(['trunc', 'newer runc', 'crun']), async (t) => {
  const result = attempt(user({ uid: 0, gid: 0, additionalGids: Array(65_537).fill(5) }), 'true');
  refused(t, result, /additionalGids|setgroups/);
});

t.test('the groups of the caller are not inherited', async (t) => {
  const wrapper = ['setpriv', '--groups', '44,45', '--'];
  t.match(inside(user({ uid: 7, gid: 8 }), IDS, { wrapper }), /Groups:$/);
});

t.test('umask', async (t) => {
  t.equal(inside(user({ uid: 0, gid: 0 }), 'umask'), '0022', 'unset, it is 022');
  const wrapper = ['sh', '-c', 'umask 077; exec "$@"', 'sh'];
  t.equal(inside(user({ uid: 0, gid: 0 }), 'umask', { wrapper }), '0022', 'whatever the caller has');
  t.equal(inside(user({ uid: 0, gid: 0, umask: 0o137 }), 'umask; touch /f; stat -c %a /f'), '0137\n640');
  t.equal(inside(user({ uid: 0, gid: 0, umask: 0 }), 'umask; mkdir /d; stat -c %a /d'), '0000\n777');
});

t.test('an ordinary user is not root', async (t) => {
  t.match(inside(user({ uid: 1000, gid: 1000 }), 'touch /x 2>&1 || id -un'), /Permission denied\nuser$/);
});

t.test('/dev/null of the host keeps its owner', async (t) => {
  inside(user({ uid: 1000, gid: 1000 }), 'true');
  t.equal(statSync('/dev/null').uid, 0);
});

// runc does not name the field.
t.test('numbers that are no IDs', only('trunc'), async (t) => {
  for (const uid of [-1, 4_294_967_295, 4_294_967_296, 1.5])
    refused(t, attempt(user({ uid, gid: 0 }), 'true'), /process\.user\.uid/, String(uid));
});

t.test('nothing is left', nothingLeft);
